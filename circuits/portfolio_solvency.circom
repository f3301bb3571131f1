// SPDX-License-Identifier: GPL-3.0-only
pragma circom 2.1.9;

include "lib/account_opening.circom";
include "lib/charges.circom";
include "lib/isolated.circom";
include "lib/margin_claim.circom";
include "lib/market_row.circom";
include "lib/scenario_loss.circom";
include "lib/subgroups.circom";

/*
 * One account is solvent by the rules of a portfolio margin: as in account_solvency, and beside it
 *
 *   - a charge on each group's gross size, which its last two nodes bear on top of their loss;
 *   - subgroups with two nodes and a loss of their own;
 *   - either-or: a group pays its scenario loss, or the sum of its positions' isolated charges.
 *
 * Values: sizes at 10^-8 lots, unit values and rates at 10^-6, cash and every sum at 10^-14 quote units.
 * A negative x is the field element r - |x|.
 */

/// N slots, S scenario nodes, G groups, K brackets, a tree of 4^D rows, J subgroups, and the layout's id.
template PortfolioSolvency(N, S, G, K, D, J, LAYOUT) {
    assert(N > 0 && S > 1 && G > 0 && K > 0 && D > 0 && J > 0);

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
    signal input groups[G];             // underlyings held, by ascending id; any others where there are fewer
    signal input losses[G];             // each group's worst scenario loss, or more
    signal input isolated_choice[G];    // 1 for a group that pays isolated charges instead
    signal input subgroups[J];          // subgroups held, by id; 0 where there are fewer
    signal input sub_losses[J];         // each subgroup's worst loss, or more

    // Positions, sorted by index.
    signal input used[N];               // 1 for the first n_used slots
    signal input index[N];              // position of the instrument's row
    signal input size_magnitude[N];
    signal input size_negative[N];      // 1 for a short position
    signal input group_choice[N][G];    // one-hot: which of `groups`
    signal input subgroup_choice[N][J]; // one-hot: which of `subgroups`; all 0 for a row that is in none
    signal input bracket_choice[N][K];  // one-hot: which bracket

    // Their rows, and the path of each to rows_root.
    signal input mark[N];
    signal input nodes[N][S];
    signal input addon_long[N];
    signal input addon_short[N];
    signal input rate[N][K];
    signal input deduction[N][K];
    signal input upper[N][K];

    signal input charge_long[N];
    signal input charge_short[N];
    signal input subnodes[N][SUBNODES()];
    signal input isolated_long[N];
    signal input isolated_short[N];
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

    // 2. The groups that the prover named differ, so that none is charged both ways in parts.
    AssertAscending(G, WIDTH_GROUP())(groups);

    // 3. Each position's row, in one of the named groups, and in the subgroup that its row has, if any.
    signal {binary} group_chosen[N][G];
    signal {binary} subgroup_chosen[N][J];
    signal group[N];
    signal subgroup[N];
    for (var i = 0; i < N; i++) {
        (group_chosen[i], group[i]) <== GroupChoice(G)(opening.is_used[i], group_choice[i], groups);
        (subgroup_chosen[i], subgroup[i]) <== SubgroupChoice(J)(
            opening.is_used[i], subgroup_choice[i], subgroups
        );
        AssertRow(S, K, 7, D)(
            opening.is_used[i], opening.position[i], siblings[i], rows_root,
            group[i], mark[i], nodes[i], addon_long[i], addon_short[i], rate[i], deduction[i], upper[i],
            [
                charge_long[i], charge_short[i],
                subgroup[i], subnodes[i][0], subnodes[i][1],
                isolated_long[i], isolated_short[i]
            ]
        );
    }

    // 4. Equity: cash and what the positions are worth.
    signal equity <== Equity(N)(cash, opening.size, mark);

    // 5. Addon: the charge of each position's side, and of its bracket.
    signal addon <== Addon(N, K)(
        opening.is_used, opening.magnitude, opening.negative,
        addon_long, addon_short, bracket_choice, rate, deduction, upper
    );

    // 6. Scenario losses: the worst of each group, with its charge on gross size at the last two nodes.
    signal profits[G][S] <== GroupProfits(N, S, G)(opening.size, nodes, group_chosen);
    signal charges[G] <== GroupCharges(N, G)(
        opening.magnitude, opening.negative, group_chosen, charge_long, charge_short
    );
    signal {maxbit} scan[G] <== ChargedLosses(N, S, G, 2)(profits, charges, losses);

    // 7. Either-or: each group pays that, or its isolated charges.
    signal isolated[G] <== GroupCharges(N, G)(
        opening.magnitude, opening.negative, group_chosen, isolated_long, isolated_short
    );
    signal loss <== EitherOr(G)(scan, isolated, isolated_choice);

    // 8. Subgroups: the worst of each over its own nodes.
    signal sub_loss <== SubgroupLoss(N, J)(opening.size, subnodes, subgroup_chosen, sub_losses);

    // 9. The claim. With w = sum_bits(N), a group pays less than 2^(w + 1) and a subgroup less than 2^w.
    AssertMargin(N, 2 * G + J)(equity, addon, loss + sub_loss, opening.ratio, opening.floor);
}
