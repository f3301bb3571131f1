// SPDX-License-Identifier: GPL-3.0-only
pragma circom 2.1.9;

include "account_hash.circom";
include "attestation.circom";
include "constants.circom";
include "holder.circom";
include "market_header.circom";
include "packing.circom";
include "range.circom";
include "slot.circom";
include "statement.circom";
include "terms.circom";

/*
 * What every circuit about one account starts from: an account that an attestor signed, a market root of the
 * same universe, epoch and level, and the public terms, opened together so that none can be of another.
 */

/// The account's positions, and what is claimed of them, once everything public is bound to them.
///
/// Which rows the positions have is left to the caller, who must open each at `position` under `rows_root`.
/// Cost: about 7,000 and 110 a slot.
template OpenAccount(N, D, LAYOUT) {
    //////////////////////////////////////////////// PUBLIC ////////////////////////////////////////////////

    signal input market_root;           // hash(rows_root, universe, LAYOUT, clock, envelope)
    signal input attestor;              // hash(attestor_x, attestor_y)
    signal input terms;                 // version | level | coverage | as_of | subject | floor | ratio
    signal input nullifier;             // hash(secret, context)
    signal input context;               // hash of what this proof is for

    //////////////////////////////////////////////// PRIVATE ///////////////////////////////////////////////

    // The market snapshot's header.
    signal input rows_root;
    signal input universe;
    signal input epoch;
    signal input time;
    signal input valid_until;
    signal input envelope;

    // The account statement.
    signal input statement_valid_until;
    signal input sequence;
    signal input venue;
    signal input salt;
    signal input secret;
    signal input cash;
    signal input attestor_x;
    signal input attestor_y;
    signal input r8x;
    signal input r8y;
    signal input s;

    // Positions, sorted by index.
    signal input used[N];
    signal input index[N];
    signal input size_magnitude[N];
    signal input size_negative[N];

    //////////////////////////////////////////////// OUTPUT ////////////////////////////////////////////////

    signal output {binary} is_used[N];
    signal output {binary} position[N][2 * D];  // where the slot's row is in the tree
    signal output {maxbit} magnitude[N];        // |size|, 0 for an empty slot
    signal output {binary} negative[N];         // a short position
    signal output size[N];                      // signed
    signal output {maxbit} ratio;               // what is claimed: k of (20 + k)/20
    signal output {maxbit} floor;               // whole quote units

    //////////////////////////////////////////////// CIRCUIT ///////////////////////////////////////////////

    // 1. What is claimed, for whom and as of when.
    component claim = UnpackTerms();
    claim.terms <== terms;
    ratio.maxbit = TERMS_RATIO_BITS();
    floor.maxbit = TERMS_FLOOR_BITS();
    ratio <== claim.ratio;
    floor <== claim.floor;

    // 2. The public context decides the nullifier, and the secret the holder.
    signal own_nullifier <== Nullifier()(secret, context);
    nullifier === own_nullifier;
    signal holder <== Holder()(secret);

    // 3. The market snapshot, at the claim's level, under the public root.
    signal {maxbit} header_epoch <== Bounded(CLOCK_EPOCH_BITS())(epoch);
    signal {maxbit} header_time <== Bounded(CLOCK_TIME_BITS())(time);
    signal {maxbit} header_valid_until <== Bounded(CLOCK_VALID_UNTIL_BITS())(valid_until);
    signal header <== MarketHeader(LAYOUT)(
        rows_root, universe, header_epoch, header_time, header_valid_until, claim.level, envelope
    );
    market_root === header;

    // 4. The positions.
    component slot[N];
    signal {maxbit} row[N];
    signal {maxbit} packed[N];
    magnitude.maxbit = WIDTH_SIZE();
    for (var i = 0; i < N; i++) {
        slot[i] = Slot(D);
        slot[i].used <== used[i];
        slot[i].index <== index[i];
        slot[i].size_magnitude <== size_magnitude[i];
        slot[i].size_negative <== size_negative[i];
        is_used[i] <== slot[i].is_used;
        row[i] <== slot[i].row;
        packed[i] <== slot[i].packed;
        position[i] <== slot[i].position;
        magnitude[i] <== slot[i].magnitude;
        negative[i] <== slot[i].negative;
        size[i] <== slot[i].size;
    }
    AssertSlotOrder(N, D)(is_used, row);

    // 5. The statement about them, for the claim's subject and coverage and the snapshot's universe and epoch,
    //    signed by the public attestor.
    signal {maxbit} signed_valid_until <== Bounded(STAMP_VALID_UNTIL_BITS())(statement_valid_until);
    signal {maxbit} signed_sequence <== Bounded(STAMP_SEQUENCE_BITS())(sequence);
    signal account <== AccountHash(N)(is_used, packed, cash, salt, holder);
    signal message <== StatementMessage()(
        account, universe, claim.subject,
        header_epoch, claim.as_of, signed_valid_until, signed_sequence, claim.coverage,
        venue
    );
    signal signer <== Attestation()(message, attestor_x, attestor_y, r8x, r8y, s);
    attestor === signer;

    // 6. The account was seen within the snapshot's time, and the statement lasts as long as the snapshot: no old
    //    account meets new prices, and one expiry is enough for a verifier.
    AssertOrdered(CLOCK_TIME_BITS())(header_time, claim.as_of);
    AssertOrdered(CLOCK_TIME_BITS())(claim.as_of, header_valid_until);
    AssertOrdered(CLOCK_TIME_BITS())(header_valid_until, signed_valid_until);
}
