// A powers of tau file whose secrets are known, made point by point:
//
//     node known_tau.mjs <power> <tau> <alpha> <beta> <ptau>       (in a directory with node_modules)
//
// It is not prepared for phase 2; snarkjs does that.

import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const { buildBn128 } = createRequire(join(process.cwd(), "package.json"))("ffjavascript");
const curve = await buildBn128(true);
const { Fr, G1, G2 } = curve;

const [power, ...secrets] = process.argv.slice(2, 6).map(BigInt);
const [tau, alpha, beta] = secrets.map((secret) => Fr.e(secret));
const size = 2 ** Number(power);

function u32(value) {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return bytes;
}

// The generator times factor·tau^i, for each i.
function multiples(group, factor, count) {
    const parts = [];
    for (let i = 0, scalar = factor; i < count; i++, scalar = Fr.mul(scalar, tau)) {
        const bytes = new Uint8Array(2 * group.F.n8);
        group.toRprLEM(bytes, 0, group.timesFr(group.g, scalar));
        parts.push(bytes);
    }
    return Buffer.concat(parts);
}

const prime = Buffer.from(curve.q.toString(16).padStart(64, "0"), "hex").reverse();
const sections = [
    [1, Buffer.concat([u32(32), prime, u32(Number(power)), u32(Number(power))])],
    [2, multiples(G1, Fr.one, 2 * size - 1)],
    [3, multiples(G2, Fr.one, size)],
    [4, multiples(G1, alpha, size)],
    [5, multiples(G1, beta, size)],
    [6, multiples(G2, beta, 1)],
    [7, u32(0)],
];
const parts = [Buffer.from("ptau"), u32(1), u32(sections.length)];
for (const [number, content] of sections) {
    const head = Buffer.alloc(12);
    head.writeUInt32LE(number);
    head.writeBigUInt64LE(BigInt(content.length), 4);
    parts.push(head, content);
}
writeFileSync(process.argv[6], Buffer.concat(parts));
