// Development keys: a Groth16 key whose secrets are computed from the circuit, for everybody to see.
//
//     node dev_keys.mjs <r1cs> <zkey> [<zkey without the contribution>]       (in the workspace's root)
//
// The result is, byte for byte, what `snarkjs zkey new` writes for a powers of tau file with these secrets (and
// room for twice the circuit), followed by one `snarkjs zkey beacon`. Knowing the secrets, every point is a
// multiple of a generator, which takes seconds; a ceremony of one's own takes many minutes and shows no more.
// The layout of the file and of its hashes are snarkjs 0.7.6's.

import { createHash } from "node:crypto";
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";

const { buildBn128, ChaCha } = createRequire(join(process.cwd(), "package.json"))("ffjavascript");

const NAME = "zksolvency_dev";
const BEACON = sha256("zksolvency development key");
const BEACON_EXPONENT = 10;
const GENERATOR = 5n;
const TWO_ADICITY = 28;
const SCALAR = 32;
const COEFFICIENT = 12 + SCALAR;
const CHUNK = 16384;
const PAGE = 65536;

const curve = await buildBn128(true);
const R = BigInt(curve.r);
const Q = BigInt(curve.q);

function sha256(data) {
    return createHash("sha256").update(data).digest();
}

function say(text) {
    process.stdout.write(`${text}\n`);
}

// ---------------------------------------------------------------------------------------- field arithmetic

function power(base, exponent) {
    let result = 1n;
    for (let b = base % R, e = exponent; e > 0n; e >>= 1n, b = (b * b) % R) {
        if (e & 1n) result = (result * b) % R;
    }
    return result;
}

const inverse = (x) => power(x, R - 2n);
const modulo = (x) => ((x % R) + R) % R;

function inverses(values) {
    const products = new Array(values.length);
    let product = 1n;
    values.forEach((value, i) => {
        products[i] = product;
        product = (product * value) % R;
    });
    let rest = inverse(product);
    for (let i = values.length - 1; i >= 0; i--) {
        const own = (rest * products[i]) % R;
        rest = (rest * values[i]) % R;
        products[i] = own;
    }
    return products;
}

// The Lagrange polynomials of the domain of 2^log points at tau: those of the points first, first + step, ...
function lagrange(log, tau, first, step) {
    const size = 2n ** BigInt(log);
    const root = power(GENERATOR, (R - 1n) / size);
    const stride = power(root, BigInt(step));
    const roots = new Array(Number(size) / step);
    for (let i = 0, w = power(root, BigInt(first)); i < roots.length; i++, w = (w * stride) % R) roots[i] = w;
    const scale = (modulo(power(tau, size) - 1n) * inverse(size)) % R;
    const differences = inverses(roots.map((w) => modulo(tau - w)));
    return roots.map((w, i) => (((w * differences[i]) % R) * scale) % R);
}

function toBytes(values) {
    const words = new BigUint64Array(values.length * 4);
    values.forEach((value, i) => {
        for (let word = 0; word < 4; word++) words[4 * i + word] = BigInt.asUintN(64, value >> BigInt(64 * word));
    });
    return new Uint8Array(words.buffer);
}

// -------------------------------------------------------------------------- arrays in the library's memory

function reserve(size) {
    const start = curve.tm.memory.buffer.byteLength;
    curve.tm.memory.grow(Math.ceil(size / PAGE));
    curve.tm.u8 = new Uint8Array(curve.tm.memory.buffer);
    curve.tm.u32 = new Uint32Array(curve.tm.memory.buffer);
    return start;
}

function copyOut(start, size) {
    return curve.tm.u8.slice(start, start + size);
}

// ------------------------------------------------------------------------------------------------- circuit

function readSections(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const sections = {};
    for (let i = 0, at = 12; i < view.getUint32(8, true); i++) {
        const size = Number(view.getBigUint64(at + 4, true));
        if (at + 12 + size > bytes.length) throw new Error("the r1cs file is cut short");
        sections[view.getUint32(at, true)] = bytes.subarray(at + 12, at + 12 + size);
        at += 12 + size;
    }
    return sections;
}

function readCircuit(path) {
    const bytes = readFileSync(path);
    const sections = readSections(bytes);
    const header = new DataView(sections[1].buffer, sections[1].byteOffset, sections[1].byteLength);
    const word = (i) => header.getUint32(36 + 4 * i, true);
    const [wires, outputs, inputs, constraints] = [word(0), word(1), word(2), word(6)];
    const public_ = outputs + inputs;
    // log2 of the smallest domain with a point for every constraint and public signal.
    const log = 32 - Math.clz32(constraints + public_);
    if (log >= TWO_ADICITY) throw new Error("the circuit is too large for BN254's domains");
    return { seed: sha256(bytes), wires, public_, constraints, log, domain: 2 ** log, terms: sections[2] };
}

function secretsOf(circuit) {
    const scalar = (label) => {
        const hash = createHash("sha512");
        hash.update(`zksolvency/development-key/1/${label}/`).update(circuit.seed);
        return BigInt(`0x${hash.digest("hex")}`) % R;
    };
    return { tau: scalar("tau"), alpha: scalar("alpha"), beta: scalar("beta") };
}

// Each wire's polynomials at tau, and section 4: the coefficients of A and B, times R² as snarkjs keeps them.
function evaluate(circuit, secrets) {
    const { frm_toMontgomery, frm_mul, frm_add, frm_one, frm_batchToMontgomery, frm_batchFromMontgomery } =
        curve.tm.instance.exports;
    const { wires, public_, constraints, domain } = circuit;
    const basis = reserve(domain * SCALAR);
    const sides = [0, 1, 2].map(() => reserve(wires * SCALAR));
    const scratch = reserve(5 * SCALAR);
    const [value, product, alpha, beta, one] = [0, 1, 2, 3, 4].map((i) => scratch + i * SCALAR);
    const terms = reserve(circuit.terms.length);
    curve.tm.u8.set(circuit.terms, terms);
    curve.tm.u8.set(toBytes(lagrange(circuit.log, secrets.tau, 0, 1)), basis);
    frm_batchToMontgomery(basis, domain, basis);
    curve.tm.u8.set(toBytes([secrets.alpha, secrets.beta]), alpha);
    frm_batchToMontgomery(alpha, 2, alpha);
    frm_one(one);

    const reader = new DataView(circuit.terms.buffer, circuit.terms.byteOffset, circuit.terms.byteLength);
    let count = public_ + 1;
    for (let row = 0, at = 0; row < constraints; row++) {
        for (let side = 0; side < 3; side++) {
            const size = reader.getUint32(at, true);
            if (side < 2) count += size;
            at += 4 + size * (4 + SCALAR);
        }
    }
    const size = 4 + count * COEFFICIENT;
    const section = reserve(size);
    const writer = new DataView(curve.tm.memory.buffer);
    writer.setUint32(section, count, true);
    let out = section + 4;
    const entry = (matrix, row, wire) => {
        writer.setUint32(out, matrix, true);
        writer.setUint32(out + 4, row, true);
        writer.setUint32(out + 8, wire, true);
        out += COEFFICIENT;
        return out - SCALAR;
    };

    for (let row = 0, at = 0; row < constraints; row++) {
        for (let side = 0; side < 3; side++) {
            let left = reader.getUint32(at, true);
            for (at += 4; left > 0; left--, at += 4 + SCALAR) {
                const wire = reader.getUint32(at, true);
                if (wire >= wires) throw new Error("the r1cs file names a wire that it does not have");
                const sum = sides[side] + wire * SCALAR;
                frm_toMontgomery(terms + at + 4, value);
                frm_mul(value, basis + row * SCALAR, product);
                frm_add(sum, product, sum);
                if (side < 2) frm_toMontgomery(value, entry(side, row, wire));
            }
        }
    }
    // A row for the constant one and each public signal, so that no proof can bend them.
    for (let wire = 0; wire <= public_; wire++) {
        const sum = sides[0] + wire * SCALAR;
        frm_add(sum, basis + (constraints + wire) * SCALAR, sum);
        frm_toMontgomery(one, entry(0, constraints + wire, wire));
    }
    // beta·A + alpha·B + C
    for (let wire = 0; wire < wires; wire++) {
        const [a, b, c] = sides.map((side) => side + wire * SCALAR);
        frm_mul(a, beta, product);
        frm_add(c, product, c);
        frm_mul(b, alpha, product);
        frm_add(c, product, c);
    }
    const scaled = reserve(wires * SCALAR);
    const read = (start) => {
        frm_batchFromMontgomery(start, wires, scaled);
        return copyOut(scaled, wires * SCALAR);
    };
    const [a, b, k] = sides.map(read);
    return { a, b, k, coefficients: copyOut(section, size) };
}

// --------------------------------------------------------------------------------------------------- points

function montgomery(group, point) {
    const bytes = new Uint8Array(2 * group.F.n8);
    group.toRprLEM(bytes, 0, point);
    return bytes;
}

function uncompressed(group, point) {
    const bytes = new Uint8Array(2 * group.F.n8);
    group.toRprUncompressed(bytes, 0, point);
    return bytes;
}

class Pool {
    constructor(wires) {
        const workerData = {
            // Larger tables are quicker to use, and longer in the making.
            window: wires > 1 << 12 ? 13 : 8,
            module: new WebAssembly.Module(curve.tm.code),
            pages: curve.tm.memory.buffer.byteLength / PAGE,
            generators: { G1: montgomery(curve.G1, curve.G1.g), G2: montgomery(curve.G2, curve.G2.g) },
        };
        this.workers = Array.from(
            { length: Math.min(availableParallelism(), 16) },
            () => new Worker(new URL("./fixed_base.mjs", import.meta.url), { workerData }),
        );
        this.idle = [...this.workers];
        this.waiting = [];
        this.running = new Map();
        this.next = 0;
        for (const worker of this.workers) {
            worker.on("message", (message) => {
                const { resolve } = this.running.get(message.task);
                this.running.delete(message.task);
                this.idle.push(worker);
                resolve(message);
                this.start();
            });
            worker.on("error", (error) => {
                for (const { reject } of [...this.running.values(), ...this.waiting]) reject(error);
            });
        }
    }

    start() {
        while (this.idle.length > 0 && this.waiting.length > 0) {
            const job = this.waiting.shift();
            this.running.set(job.task, job);
            this.idle.pop().postMessage({ task: job.task, group: job.group, scalars: job.scalars, plain: job.plain });
        }
    }

    // Multiples of a group's generator, in order. `plain` asks for the form that is hashed as well.
    async times(group, scalars, plain) {
        const parts = [];
        for (let at = 0; at < scalars.length; at += CHUNK * SCALAR) {
            const part = scalars.slice(at, at + CHUNK * SCALAR);
            parts.push(
                new Promise((resolve, reject) => {
                    this.waiting.push({ task: this.next++, group, scalars: part, plain, resolve, reject });
                }),
            );
        }
        this.start();
        const made = await Promise.all(parts);
        return { points: made.map((part) => part.points), plain: made.map((part) => part.plain) };
    }

    async one(group, value) {
        const made = await this.times(group, toBytes([value]), true);
        return { point: made.points[0], plain: made.plain[0] };
    }

    close() {
        return Promise.all(this.workers.map((worker) => worker.terminate()));
    }
}

// ----------------------------------------------------------------------------------------------------- file

function u32(value) {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return bytes;
}

function headerOf(circuit, points) {
    const modulus = (value) => [u32(SCALAR), toBytes([value])];
    const { alpha1, beta1, beta2, gamma2, delta1, delta2 } = points;
    return [
        ...modulus(Q),
        ...modulus(R),
        u32(circuit.wires),
        u32(circuit.public_),
        u32(circuit.domain),
        ...[alpha1, beta1, beta2, gamma2, delta1, delta2].map((p) => p.point),
    ];
}

function writeKey(path, sections) {
    const file = openSync(path, "w", 0o644);
    try {
        const write = (bytes) => {
            for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
        };
        write(Buffer.concat([Buffer.from("zkey"), u32(1), u32(sections.length)]));
        for (const [number, parts] of sections) {
            const head = Buffer.alloc(12);
            head.writeUInt32LE(number);
            head.writeBigUInt64LE(BigInt(parts.reduce((total, part) => total + part.length, 0)), 4);
            write(head);
            parts.forEach(write);
        }
    } finally {
        closeSync(file);
    }
}

function circuitHash(header, lists) {
    const hash = createHash("blake2b512");
    for (const point of header) hash.update(point.plain);
    for (const { count, plain } of lists) {
        const size = Buffer.alloc(4);
        size.writeUInt32BE(count);
        hash.update(size);
        for (const part of plain) hash.update(part);
    }
    return hash.digest();
}

// ----------------------------------------------------------------------------------------------- contribution

function randomness(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return new ChaCha(Array.from({ length: 8 }, (_, i) => view.getUint32(4 * i)));
}

// snarkjs's beacon over a key that nobody contributed to: the new delta, and its record for section 10.
function beaconContribution(hash) {
    let seed = BEACON;
    for (let i = 0; i < 2 ** BEACON_EXPONENT; i++) seed = sha256(seed);
    const rng = randomness(seed);
    const { G1, G2, Fr } = curve;
    const secret = Fr.fromRng(rng);
    const s = G1.toAffine(G1.fromRng(rng));
    const sx = G1.toAffine(G1.timesFr(s, secret));
    const transcript = createHash("blake2b512")
        .update(hash)
        .update(uncompressed(G1, s))
        .update(uncompressed(G1, sx))
        .digest();
    const sp = G2.fromRng(randomness(transcript));
    const spx = G2.toAffine(G2.timesFr(sp, secret));
    const delta1 = montgomery(G1, G1.timesFr(G1.g, secret));
    const delta2 = montgomery(G2, G2.timesFr(G2.g, secret));
    const name = Buffer.from(NAME);
    const parameters = Buffer.concat([
        Buffer.from([1, name.length]),
        name,
        Buffer.from([2, BEACON_EXPONENT, 3, BEACON.length]),
        BEACON,
    ]);
    return {
        secret: Fr.toObject(secret),
        delta1: { point: delta1 },
        delta2: { point: delta2 },
        record: [
            delta1,
            montgomery(G1, s),
            montgomery(G1, sx),
            montgomery(G2, spx),
            transcript,
            u32(1),
            u32(parameters.length),
            parameters,
        ],
    };
}

// ----------------------------------------------------------------------------------------------------- steps

function multiplied(scalars, factor) {
    const { frm_batchToMontgomery, frm_mul } = curve.tm.instance.exports;
    const start = reserve(scalars.length);
    const by = reserve(SCALAR);
    curve.tm.u8.set(scalars, start);
    curve.tm.u8.set(toBytes([factor]), by);
    // Plain times Montgomery is plain.
    frm_batchToMontgomery(by, 1, by);
    for (let at = start; at < start + scalars.length; at += SCALAR) frm_mul(at, by, at);
    return copyOut(start, scalars.length);
}

async function makeKey(r1cs, zkey, initial) {
    say("reading the constraints");
    const circuit = readCircuit(r1cs);
    const pool = new Pool(circuit.wires);
    const secrets = secretsOf(circuit);
    const { a, b, k, coefficients } = evaluate(circuit, secrets);
    const { domain, log, public_ } = circuit;

    const header = {
        alpha1: await pool.one("G1", secrets.alpha),
        beta1: await pool.one("G1", secrets.beta),
        beta2: await pool.one("G2", secrets.beta),
        gamma2: await pool.one("G2", 1n),
        delta1: await pool.one("G1", 1n),
        delta2: await pool.one("G2", 1n),
    };
    const split = (public_ + 1) * SCALAR;
    const kPrivate = k.slice(split);
    const h = toBytes(lagrange(log + 1, secrets.tau, 1, 2));
    // snarkjs hashes tau^(n+i) - tau^i. It counts n - 1 of them, but reads in full chunks of 2^14.
    const hashed = domain > CHUNK ? domain : domain - 1;
    const vanishing = new Array(hashed);
    const factor = modulo(power(secrets.tau, BigInt(domain)) - 1n);
    for (let i = 0, x = factor; i < hashed; i++, x = (x * secrets.tau) % R) vanishing[i] = x;

    const list = async (what, group, scalars) => {
        say(`points: ${what}`);
        return { count: scalars.length / SCALAR, ...(await pool.times(group, scalars, true)) };
    };
    const pointsIC = await list("public signals", "G1", k.slice(0, split));
    const pointsV = { ...(await list("circuit hash", "G1", toBytes(vanishing))), count: domain - 1 };
    const pointsC = await list("C", "G1", kPrivate);
    const pointsA = await list("A", "G1", a);
    const pointsB1 = await list("B", "G1", b);
    const pointsB2 = await list("B in G2", "G2", b);
    const hash = circuitHash(Object.values(header), [pointsIC, pointsV, pointsC, pointsA, pointsB1, pointsB2]);

    const common = new Map([
        [1, [u32(1)]],
        [3, pointsIC.points],
        [4, [coefficients]],
        [5, pointsA.points],
        [6, pointsB1.points],
        [7, pointsB2.points],
    ]);
    const ordered = (order, own) => order.map((number) => [number, own.get(number) ?? common.get(number)]);
    if (initial) {
        const own = new Map([
            [2, headerOf(circuit, header)],
            [8, pointsC.points],
            [9, (await pool.times("G1", h, false)).points],
            [10, [hash, u32(0)]],
        ]);
        writeKey(initial, ordered([1, 2, 4, 3, 9, 8, 5, 6, 7, 10], own));
    }
    const { secret, delta1, delta2, record } = beaconContribution(hash);
    say("points: contribution");
    const byDelta = inverse(secret);
    const own = new Map([
        [2, headerOf(circuit, { ...header, delta1, delta2 })],
        [8, (await pool.times("G1", multiplied(kPrivate, byDelta), false)).points],
        [9, (await pool.times("G1", multiplied(h, byDelta), false)).points],
        [10, [hash, u32(1), ...record]],
    ]);
    await pool.close();
    say("writing the key");
    writeKey(zkey, ordered([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], own));
}

const [r1cs, zkey, initial] = process.argv.slice(2);
if (!zkey) {
    process.stderr.write("usage: node dev_keys.mjs <r1cs> <zkey> [<zkey without the contribution>]\n");
    process.exit(2);
}
await makeKey(r1cs, zkey, initial);
