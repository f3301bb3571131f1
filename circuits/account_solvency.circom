// SPDX-License-Identifier: GPL-3.0-only
pragma circom 2.1.9;

include "lib/account_hash.circom";
include "lib/attestation.circom";
include "lib/brackets.circom";
include "lib/holder.circom";
include "lib/margin_claim.circom";
include "lib/market_header.circom";
include "lib/market_row.circom";
include "lib/packing.circom";
include "lib/range.circom";
include "lib/scenario_loss.circom";
include "lib/slot.circom";
include "lib/statement.circom";
include "lib/terms.circom";

/*
 * One account is solvent.
 *
 * The prover knows an account (cash and positions, signed by an attestor for a holder and a subject) and a
 * market table (prices, scenario profits, tiers, under a public root), both of the same universe, epoch and
 * level, such that the account's equity covers its margin requirement with the public ratio and floor to
 * spare. Neither the account nor which rows it opens, nor how many, is shown.
 *
 * Values: sizes at 10^-8 lots, unit values and rates at 10^-6, cash and every sum at 10^-14 quote units.
 * A negative x is the field element r - |x|.
 */

/// N slots, S scenario nodes, G groups, K brackets, a tree of 4^D rows, and the id of the rows' layout.
template AccountSolvency(N, S, G, K, D, LAYOUT) {
    assert(N > 0 && S > 0 && G > 0 && K > 0 && D > 0);

    //////////////////////////////////////////////// PUBLIC ////////////////////////////////////////////////

    signal input market_root;           // hash(rows_root, universe, LAYOUT, clock, envelope)
    signal input attestor;              // hash(attestor_x, attestor_y)
    signal input terms;                 // version | level | coverage | as_of | subject | floor | ratio
    signal input nullifier;             // hash(secret, context)
    signal input context;               // hash of what this proof is for

    //////////////////////////////////////////////// PRIVATE ///////////////////////////////////////////////

    // The market snapshot's header.
    signal input rows_root;             // root of the tree of rows
    signal input universe;              // hash of the list of instruments; also in the statement
    signal input epoch;                 // the publisher's counter; also in the statement
    signal input time;                  // when the snapshot was taken
    signal input valid_until;           // when it ends, and every proof from it
    signal input envelope;              // hash of the price bands

    // The account statement.
    signal input statement_valid_until; // not before the snapshot's
    signal input sequence;              // the attestor's counter
    signal input venue;                 // hash of the venue's name
    signal input salt;                  // at least 128 fresh random bits
    signal input secret;                // holder = hash(secret)
    signal input cash;                  // signed
    signal input attestor_x;            // the attestor's key
    signal input attestor_y;
    signal input r8x;                   // its signature
    signal input r8y;
    signal input s;

    // What the prover chooses.
    signal input groups[G];             // underlyings held, by id; 0 where there are fewer
    signal input losses[G];             // each group's worst loss, or more

    // Positions, sorted by index.
    signal input used[N];               // 1 for the first n_used slots
    signal input index[N];              // position of the instrument's row
    signal input size_magnitude[N];
    signal input size_negative[N];      // 1 for a short position
    signal input group_choice[N][G];    // one-hot: which of `groups`
    signal input bracket_choice[N][K];  // one-hot: which bracket

    // Their rows, and the path of each to rows_root.
    signal input mark[N];
    signal input nodes[N][S];
    signal input addon_long[N];
    signal input addon_short[N];
    signal input rate[N][K];
    signal input deduction[N][K];
    signal input upper[N][K];
    signal input siblings[N][D][3];

    //////////////////////////////////////////////// CIRCUIT ///////////////////////////////////////////////

    // 1. What is claimed, for whom and as of when.
    component claim = UnpackTerms();
    claim.terms <== terms;

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
    signal {binary} is_used[N];
    signal {maxbit} row[N];
    signal {maxbit} packed[N];
    signal size[N];
    for (var i = 0; i < N; i++) {
        slot[i] = Slot(D);
        slot[i].used <== used[i];
        slot[i].index <== index[i];
        slot[i].size_magnitude <== size_magnitude[i];
        slot[i].size_negative <== size_negative[i];
        is_used[i] <== slot[i].is_used;
        row[i] <== slot[i].row;
        packed[i] <== slot[i].packed;
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

    // 7. Each position's row, in one of the groups that the prover named.
    signal {binary} group_chosen[N][G];
    signal group[N];
    for (var i = 0; i < N; i++) {
        (group_chosen[i], group[i]) <== GroupChoice(G)(is_used[i], group_choice[i], groups);
        AssertRow(S, K, D)(
            is_used[i], slot[i].position, siblings[i], rows_root,
            group[i], mark[i], nodes[i], addon_long[i], addon_short[i], rate[i], deduction[i], upper[i]
        );
    }

    // 8. Equity: cash and what the positions are worth.
    signal worth[N];
    var equity = cash;
    for (var i = 0; i < N; i++) {
        worth[i] <== size[i] * mark[i];
        equity += worth[i];
    }

    // 9. Addon: the charge of a position's side, and of its bracket.
    signal side_rate[N];
    signal side_charge[N];
    signal bracket_charge[N];
    var addon = 0;
    for (var i = 0; i < N; i++) {
        side_rate[i] <== addon_long[i] + slot[i].negative * (addon_short[i] - addon_long[i]);
        side_charge[i] <== slot[i].magnitude * side_rate[i];
        bracket_charge[i] <== BracketCharge(K)(
            is_used[i], slot[i].magnitude, bracket_choice[i], rate[i], deduction[i], upper[i]
        );
        addon += side_charge[i] + bracket_charge[i];
    }

    // 10. Loss: the worst of each group over the scenarios.
    signal loss <== ScenarioLoss(N, S, G)(size, nodes, group_chosen, losses);

    // 11. The claim.
    AssertMargin(N, G)(equity, addon, loss, claim.ratio, claim.floor);
}
