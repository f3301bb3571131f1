// SPDX-License-Identifier: GPL-3.0-only
pragma circom 2.1.9;

include "poseidon.circom";
include "constants.circom";
include "packing.circom";

/*
 * What an attestor signs: the account, in its universe, whose it is, when, for how long, and at which venue.
 */

/// Cost: 351.
template StatementMessage() {
    signal input account;
    signal input universe;
    signal input {maxbit} subject;
    signal input {maxbit} epoch;
    signal input {maxbit} as_of;
    signal input {maxbit} valid_until;
    signal input {maxbit} sequence;
    signal input {maxbit} coverage;
    signal input venue;
    signal output message;

    signal stamp <== PackStamp()(epoch, as_of, valid_until, sequence, coverage);
    message <== Poseidon(6)([TAG_STATEMENT(), account, universe, subject, stamp, venue]);
}
