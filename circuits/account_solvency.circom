// SPDX-License-Identifier: GPL-3.0-only
pragma circom 2.1.9;

include "lib/account_opening.circom";
include "lib/charges.circom";
include "lib/margin_claim.circom";
include "lib/market_row.circom";
include "lib/scenario_loss.circom";

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

    // 3. Equity: cash and what the positions are worth.
    signal equity <== Equity(N)(cash, opening.size, mark);

    // 4. Addon: the charge of each position's side, and of its bracket.
    signal addon <== Addon(N, K)(
        opening.is_used, opening.magnitude, opening.negative,
        addon_long, addon_short, bracket_choice, rate, deduction, upper
    );

    // 5. Loss: the worst of each group over the scenarios.
    signal loss <== ScenarioLoss(N, S, G)(opening.size, nodes, group_chosen, losses);

    // 6. The claim.
    AssertMargin(N, G)(equity, addon, loss, opening.ratio, opening.floor);
}
