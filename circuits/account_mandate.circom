// SPDX-License-Identifier: GPL-3.0-only
pragma circom 2.1.9;

include "lib/account_opening.circom";
include "lib/charges.circom";
include "lib/mandate.circom";
include "lib/market_row.circom";
include "lib/scenario_loss.circom";

/*
 * One account keeps a mandate.
 *
 * The prover knows an account (cash and positions, signed by an attestor for a holder and a subject) and a table
 * of Greeks (under a public root, of a layout that no margin table has), both of the same universe, epoch and
 * level, such that every position is of an underlying that the public mandate names, each underlying's net
 * delta, gamma, vega and theta are within the mandate's limits, and so are gross leverage and concentration;
 * and the equity is at least the terms' floor. The limits are public through their hash; how much of them is
 * used, the account and which rows it opens are not shown. Nothing is claimed of a margin requirement.
 *
 * Values: sizes at 10^-8 lots, Greeks, marks and notionals at 10^-6 quote a lot, every sum at 10^-14 quote.
 */

/// N slots, S = 4 Greeks, G underlyings, K = 1 bracket (of the row's form, which charges nothing here), a tree
/// of 4^D rows, and the id of the rows' layout.
template AccountMandate(N, S, G, K, D, LAYOUT) {
    assert(N > 0 && S == MANDATE_GREEKS() && G > 0 && K == 1 && D > 0);

    //////////////////////////////////////////////// PUBLIC ////////////////////////////////////////////////

    signal input market_root;           // hash(rows_root, universe, LAYOUT, clock, envelope)
    signal input attestor;              // hash(attestor_x, attestor_y)
    signal input terms;                 // version | level | coverage | as_of | subject | floor | ratio
    signal input nullifier;             // hash(secret, context)
    signal input context;               // hash of what this proof is for
    signal input mandate;               // hash of the limits

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

    // The mandate.
    signal input groups[G];             // underlyings that may be held, by id, ascending
    signal input limits[G][S];          // whole quote units
    signal input leverage;              // hundredths
    signal input share;                 // hundredths of a per cent of all that is held

    // Positions, sorted by index.
    signal input used[N];               // 1 for the first n_used slots
    signal input index[N];              // position of the instrument's row
    signal input size_magnitude[N];
    signal input size_negative[N];      // 1 for a short position
    signal input group_choice[N][G];    // one-hot: which of `groups`

    // Their rows, and the path of each to rows_root.
    signal input mark[N];
    signal input nodes[N][S];           // delta, gamma, vega, theta
    signal input addon_long[N];         // gross notional of a lot held long
    signal input addon_short[N];        // and of one held short
    signal input rate[N][K];
    signal input deduction[N][K];
    signal input upper[N][K];
    signal input siblings[N][D][3];

    //////////////////////////////////////////////// CIRCUIT ///////////////////////////////////////////////

    // 1. The account, the market and the claim, bound to each other and to the public signals.
    component opening = OpenAccount(N, D, LAYOUT);
    opening.market_root <== market_root;
    opening.attestor <== attestor;
    opening.terms <== terms;
    opening.nullifier <== nullifier;
    opening.context <== context;
    opening.rows_root <== rows_root;
    opening.universe <== universe;
    opening.epoch <== epoch;
    opening.time <== time;
    opening.valid_until <== valid_until;
    opening.envelope <== envelope;
    opening.statement_valid_until <== statement_valid_until;
    opening.sequence <== sequence;
    opening.venue <== venue;
    opening.salt <== salt;
    opening.secret <== secret;
    opening.cash <== cash;
    opening.attestor_x <== attestor_x;
    opening.attestor_y <== attestor_y;
    opening.r8x <== r8x;
    opening.r8y <== r8y;
    opening.s <== s;
    opening.used <== used;
    opening.index <== index;
    opening.size_magnitude <== size_magnitude;
    opening.size_negative <== size_negative;

    // 2. Each position's row, in one of the groups that the prover named.
    signal {binary} group_chosen[N][G];
    signal group[N];
    signal no_further[0];
    for (var i = 0; i < N; i++) {
        (group_chosen[i], group[i]) <== GroupChoice(G)(opening.is_used[i], group_choice[i], groups);
        AssertRow(S, K, 0, D)(
            opening.is_used[i], opening.position[i], siblings[i], rows_root,
            group[i], mark[i], nodes[i], addon_long[i], addon_short[i], rate[i], deduction[i], upper[i],
            no_further
        );
    }

    // 3. The mandate that is public, of the snapshot's universe.
    component named = Mandate(G);
    named.universe <== universe;
    named.groups <== groups;
    named.limits <== limits;
    named.leverage <== leverage;
    named.share <== share;
    mandate === named.hash;

    // 4. Greeks: each underlying's sums within its limits.
    signal net[G][S] <== GroupProfits(N, S, G)(opening.size, nodes, group_chosen);
    signal allowance[G] <== GroupSizes(N, G)(opening.magnitude, group_chosen);
    AssertGreeks(N, G)(net, allowance, named.limit);

    // 5. Gross: what is held, long and short alike.
    signal gross[G] <== GroupCharges(N, G)(
        opening.magnitude, opening.negative, group_chosen, addon_long, addon_short
    );
    var sum_gross = 0;
    var sum_allowance = 0;
    for (var g = 0; g < G; g++) {
        sum_gross += gross[g];
        sum_allowance += allowance[g];
    }
    signal total <== sum_gross;
    signal conceded <== sum_allowance;

    // 6. Equity: cash and what the positions are worth, less what rounding may have added; not below the floor.
    //    No requirement is claimed, so no ratio of one.
    signal equity <== Equity(N)(cash, opening.size, mark);
    signal least <== equity - conceded;
    opening.ratio === 0;
    AssertFloor(N)(least, opening.floor);

    // 7. Leverage and concentration.
    AssertLeverage(N)(least, total, named.leverage_limit);
    AssertConcentration(N, G)(gross, allowance, total, conceded, named.share_limit);
}
