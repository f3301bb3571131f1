// The few things that snarkjs does here, through its functions: its command line would want the witness in a
// file and the entropy among the arguments, where others can read them. Private input comes on standard input.
//
//     node snarkjs.mjs <what> [arguments...]                           (in the workspace's root)
//
// Results go to standard output as one line of JSON.

import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const snarkjs = createRequire(join(process.cwd(), "package.json"))("snarkjs");

const STDIN = 0;
const log = (text) => process.stderr.write(`${text}\n`);
const logger = { debug() {}, info: log, warn: log, error: log };

const actions = {
    // The proof and the public signals of a witness (a wtns file on standard input).
    async prove(zkey) {
        const witness = { type: "mem", data: new Uint8Array(readFileSync(STDIN)) };
        return await snarkjs.groth16.prove(zkey, witness, logger);
    },
    async verify(key, publicSignals, proof) {
        const read = (path) => JSON.parse(readFileSync(path, "utf8"));
        return await snarkjs.groth16.verify(read(key), read(publicSignals), read(proof), logger);
    },
    async verificationKey(zkey) {
        return await snarkjs.zKey.exportVerificationKey(zkey, logger);
    },
    // A key that nobody contributed to: only a beginning.
    async begin(r1cs, ptau, zkey) {
        const hash = await snarkjs.zKey.newZKey(r1cs, ptau, zkey, logger);
        if (hash === -1) throw new Error("the powers of tau file does not fit the circuit");
        return Buffer.from(hash).toString("hex");
    },
    // Entropy on standard input; snarkjs mixes it with the operating system's own.
    async contribute(before, after, name) {
        const entropy = readFileSync(STDIN, "utf8");
        return Buffer.from(await snarkjs.zKey.contribute(before, after, name, entropy, logger)).toString("hex");
    },
    async beacon(before, after, name, hash, exponent) {
        const made = await snarkjs.zKey.beacon(before, after, name, hash, Number(exponent), logger);
        if (!made) throw new Error("the beacon is not valid");
        return Buffer.from(made).toString("hex");
    },
    async check(r1cs, ptau, zkey) {
        return await snarkjs.zKey.verifyFromR1cs(r1cs, ptau, zkey, logger);
    },
};

const [what, ...parameters] = process.argv.slice(2);
try {
    const result = JSON.stringify(await actions[what](...parameters));
    process.stdout.write(`${result}\n`, () => process.exit(0));
} catch (error) {
    log(error.message ?? error);
    process.exit(1);
}
