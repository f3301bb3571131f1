// SPDX-License-Identifier: GPL-3.0-only
pragma circom 2.1.9;

include "constants.circom";

/*
 * Several numbers in one field element, with the offsets of circuits.json. Packing costs nothing; it is
 * only sound when every number fits its place, so the inputs carry their widths as tags.
 */

/// The market snapshot's clock: epoch | time | valid_until | level.
/// Cost: 0.
template PackClock() {
    signal input {maxbit} epoch;
    signal input {maxbit} time;
    signal input {maxbit} valid_until;
    signal input {maxbit} level;
    signal output out;

    assert(epoch.maxbit <= CLOCK_EPOCH_BITS());
    assert(time.maxbit <= CLOCK_TIME_BITS());
    assert(valid_until.maxbit <= CLOCK_VALID_UNTIL_BITS());
    assert(level.maxbit <= CLOCK_LEVEL_BITS());

    out <== epoch * 2 ** CLOCK_EPOCH_OFFSET()
        + time * 2 ** CLOCK_TIME_OFFSET()
        + valid_until * 2 ** CLOCK_VALID_UNTIL_OFFSET()
        + level * 2 ** CLOCK_LEVEL_OFFSET();
}

/// The account statement's stamp: epoch | as_of | valid_until | sequence | coverage.
/// Cost: 0.
template PackStamp() {
    signal input {maxbit} epoch;
    signal input {maxbit} as_of;
    signal input {maxbit} valid_until;
    signal input {maxbit} sequence;
    signal input {maxbit} coverage;
    signal output out;

    assert(epoch.maxbit <= STAMP_EPOCH_BITS());
    assert(as_of.maxbit <= STAMP_AS_OF_BITS());
    assert(valid_until.maxbit <= STAMP_VALID_UNTIL_BITS());
    assert(sequence.maxbit <= STAMP_SEQUENCE_BITS());
    assert(coverage.maxbit <= STAMP_COVERAGE_BITS());

    out <== epoch * 2 ** STAMP_EPOCH_OFFSET()
        + as_of * 2 ** STAMP_AS_OF_OFFSET()
        + valid_until * 2 ** STAMP_VALID_UNTIL_OFFSET()
        + sequence * 2 ** STAMP_SEQUENCE_OFFSET()
        + coverage * 2 ** STAMP_COVERAGE_OFFSET();
}
