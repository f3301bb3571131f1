// SPDX-License-Identifier: GPL-3.0-only
pragma circom 2.1.9;

include "poseidon.circom";
include "constants.circom";
include "packing.circom";

/*
 * The market root: everything public that a margin depends on, in one hash. The layout is the circuit's own
 * constant, so a root of another layout, whose columns mean something else, never opens here.
 */

/// Cost: 348.
template MarketHeader(LAYOUT) {
    signal input rows_root;
    signal input universe;
    signal input {maxbit} epoch;
    signal input {maxbit} time;
    signal input {maxbit} valid_until;
    signal input {maxbit} level;
    signal input envelope;
    signal output market_root;

    signal clock <== PackClock()(epoch, time, valid_until, level);
    market_root <== Poseidon(6)([TAG_HEADER(), rows_root, universe, LAYOUT, clock, envelope]);
}
