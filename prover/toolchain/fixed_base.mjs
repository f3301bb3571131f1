// Multiples of BN254's generators, many at a time: a worker of dev_keys.mjs.
//
// With a table of d·2^(w·j)·G for every window j and digit d, a multiple is 254/w additions. Points are made in
// the memory of the curve library's WebAssembly module, so that no value crosses into JavaScript and back.

import { parentPort, workerData } from "node:worker_threads";

const WINDOW = workerData.window;
const DIGITS = (1 << WINDOW) - 1;
const WINDOWS = Math.ceil(254 / WINDOW);
const SCALAR = 32;
const PAGE = 65536;
// The library's batch functions take scratch space from where its free memory starts.
const SCRATCH = 4 << 20;
const BATCH = 4096;

class FixedBase {
    // `generator` is an affine point in Montgomery form.
    constructor(prefix, generator) {
        this.prefix = prefix;
        this.affine = generator.length;
        this.jacobian = (3 * generator.length) / 2;
        this.table = reserve(WINDOWS * DIGITS * this.affine);
        this.points = reserve(Math.max(DIGITS + 1, BATCH) * this.jacobian);
        this.base = reserve(this.affine);
        this.buildTable(generator);
    }

    call(name, ...parameters) {
        functions[`${this.prefix}_${name}`](...parameters);
    }

    buildTable(generator) {
        let bytes = new Uint8Array(memory.buffer);
        bytes.set(generator, this.base);
        const addMixed = functions[`${this.prefix}_addMixed`];
        for (let window = 0; window < WINDOWS; window++) {
            this.call("toJacobian", this.base, this.points);
            for (let digit = 1; digit <= DIGITS; digit++) {
                const at = this.points + digit * this.jacobian;
                addMixed(at - this.jacobian, this.base, at);
            }
            this.call("batchToAffine", this.points, DIGITS + 1, this.points);
            const end = this.points + DIGITS * this.affine;
            bytes = new Uint8Array(memory.buffer);
            bytes.copyWithin(this.table + window * DIGITS * this.affine, this.points, end);
            bytes.copyWithin(this.base, end, end + this.affine);
        }
    }

    // The multiples of the generator by `scalars` (32 bytes each, least significant first), as affine points
    // in Montgomery form, and in the plain form that snarkjs hashes.
    times(scalars, plain) {
        const count = scalars.length / SCALAR;
        const points = new Uint8Array(count * this.affine);
        const hashed = plain ? new Uint8Array(count * this.affine) : null;
        // Four bytes more than the scalars, because digits are cut from 32 bits at a time.
        const padded = new Uint8Array(scalars.length + 4);
        padded.set(scalars);
        const view = new DataView(padded.buffer);
        const zero = functions[`${this.prefix}_zero`];
        const addMixed = functions[`${this.prefix}_addMixed`];
        for (let start = 0; start < count; start += BATCH) {
            const size = Math.min(BATCH, count - start);
            for (let i = 0; i < size; i++) {
                const at = this.points + i * this.jacobian;
                zero(at);
                const scalar = (start + i) * SCALAR;
                for (let window = 0; window < WINDOWS; window++) {
                    const digit = digitOf(view, scalar, window);
                    if (digit !== 0) {
                        addMixed(at, this.table + (window * DIGITS + digit - 1) * this.affine, at);
                    }
                }
            }
            this.call("batchToAffine", this.points, size, this.points);
            const bytes = new Uint8Array(memory.buffer, this.points, size * this.affine);
            points.set(bytes, start * this.affine);
            if (hashed) {
                this.call("batchLEMtoU", this.points, size, this.points);
                hashed.set(bytes, start * this.affine);
            }
        }
        return { points, plain: hashed };
    }
}

function digitOf(view, scalar, window) {
    const bit = window * WINDOW;
    const digit = (view.getUint32(scalar + (bit >> 3), true) >>> (bit & 7)) & DIGITS;
    // What is above bit 256 belongs to the next scalar.
    return bit + WINDOW > 256 ? digit & ((1 << (256 - bit)) - 1) : digit;
}

function reserve(size) {
    return memory.grow(Math.ceil(size / PAGE)) * PAGE;
}

const memory = new WebAssembly.Memory({ initial: workerData.pages });
const { exports: functions } = await WebAssembly.instantiate(workerData.module, { env: { memory } });
reserve(SCRATCH);
const tables = {};

parentPort.on("message", ({ task, group, scalars, plain }) => {
    tables[group] ??= new FixedBase(group === "G1" ? "g1m" : "g2m", workerData.generators[group]);
    const made = tables[group].times(scalars, plain);
    const buffers = [made.points.buffer];
    if (made.plain) buffers.push(made.plain.buffer);
    parentPort.postMessage({ task, ...made }, buffers);
});
