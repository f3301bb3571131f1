// SPDX-License-Identifier: GPL-3.0-only
pragma circom 2.1.9;

include "lib/account_opening.circom";
include "lib/alternatives.circom";
include "lib/charges.circom";
include "lib/margin_claim.circom";
include "lib/market_row.circom";
include "lib/one_sided.circom";
include "lib/scenario_loss.circom";
include "lib/subgroups.circom";

/*
 * One account is solvent by the rules of a portfolio margin with discounts by sign, such as Derive's: as in
 * account_solvency, and beside it
 *
 *   - subgroups with two nodes and a loss of their own;
 *   - alternatives: at each node, positions of one group and one subgroup count with the worse of two sums;
 *   - one-sided nodes: at the last three, what they gain together counts against them, as nothing at the first
 *     and as a loss at the others.
 *
 * Values: sizes at 10^-8 lots, unit values and rates at 10^-6, cash and every sum at 10^-14 quote units.
 * A negative x is the field element r - |x|.
 */

/// N slots, S scenario nodes, G groups, K brackets, a tree of 4^D rows, J subgroups, C cells (a group and a
/// subgroup each), and the layout's id.
template OneSidedSolvency(N, S, G, K, D, J, C, LAYOUT) {
    assert(N > 0 && S > 0 && G > 0 && K > 0 && D > 0 && J > 0 && C > 0);

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
    signal input groups[G];             // underlyings held, by id; any others where there are fewer
    signal input losses[G];             // each group's worst loss, or more
    signal input subgroups[J];          // subgroups held, by id; 0 where there are fewer
    signal input sub_losses[J];         // each subgroup's worst loss, or more
    signal input cell_subgroup[C];      // the subgroup of each cell, by id
    signal input cell_group_choice[C][G];   // one-hot: which of `groups` a cell is in
    signal input take_alternative[C][S];    // 1 where a cell's alternative is the worse
    signal input is_loss[C][ONE_SIDED_NODES()]; // 1 where a cell loses at a one-sided node

    // Positions, sorted by index.
    signal input used[N];               // 1 for the first n_used slots
    signal input index[N];              // position of the instrument's row
    signal input size_magnitude[N];
    signal input size_negative[N];      // 1 for a short position
    signal input group_choice[N][G];    // one-hot: which of `groups`
    signal input subgroup_choice[N][J]; // one-hot: which of `subgroups`; all 0 for a row that is in none
    signal input cell_choice[N][C];     // one-hot: which cell; all 0 for a row that is in no subgroup
    signal input bracket_choice[N][K];  // one-hot: which bracket

    // Their rows, and the path of each to rows_root.
    signal input mark[N];
    signal input nodes[N][S];
    signal input addon_long[N];
    signal input addon_short[N];
    signal input rate[N][K];
    signal input deduction[N][K];
    signal input upper[N][K];

    signal input subnodes[N][SUBNODES()];
    signal input alternatives[N][S];
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

    // 2. Each position's row, in one of the named groups, and in the subgroup that its row has, if any.
    signal {binary} group_chosen[N][G];
    signal {binary} subgroup_chosen[N][J];
    signal group[N];
    signal subgroup[N];
    signal further[N][3 + S];
    for (var i = 0; i < N; i++) {
        (group_chosen[i], group[i]) <== GroupChoice(G)(opening.is_used[i], group_choice[i], groups);
        (subgroup_chosen[i], subgroup[i]) <== SubgroupChoice(J)(
            opening.is_used[i], subgroup_choice[i], subgroups
        );
        further[i][0] <== subgroup[i];
        further[i][1] <== subnodes[i][0];
        further[i][2] <== subnodes[i][1];
        for (var at = 0; at < S; at++) {
            further[i][3 + at] <== alternatives[i][at];
        }
        AssertRow(S, K, 3 + S, D)(
            opening.is_used[i], opening.position[i], siblings[i], rows_root,
            group[i], mark[i], nodes[i], addon_long[i], addon_short[i], rate[i], deduction[i], upper[i],
            further[i]
        );
    }

    // 3. Equity: cash and what the positions are worth.
    signal equity <== Equity(N)(cash, opening.size, mark);

    // 4. Addon: the charge of each position's side, and of its bracket.
    signal addon <== Addon(N, K)(
        opening.is_used, opening.magnitude, opening.negative,
        addon_long, addon_short, bracket_choice, rate, deduction, upper
    );

    // 5. Cells: each position of a subgroup is in one of its own group and subgroup.
    signal {binary} in_cell[N][C];
    signal {binary} in_group[C][G];
    (in_cell, in_group) <== CellChoice(N, G, C)(
        opening.is_used, group, subgroup, groups, cell_subgroup, cell_group_choice, cell_choice
    );

    AssertDistinctCells(C, G)(in_group, groups, cell_subgroup);

    // 6. Scenario losses: the worst of each group, each cell with the worse of its sums at every node, and with
    // nothing to gain at the last ones.
    signal discounted[G][S];
    signal worse[C][S];
    (discounted, worse) <== DiscountedProfits(N, S, G, C)(
        opening.size, nodes, alternatives, group_chosen, in_cell, in_group, take_alternative
    );
    signal profits[G][S] <== OneSidedProfits(N, S, G, C)(discounted, worse, in_group, is_loss);
    signal {maxbit} loss[G] <== CoveringLosses(S, G, sum_bits(N))(profits, losses);
    var scan = 0;
    for (var g = 0; g < G; g++) {
        scan += loss[g];
    }

    // 7. Subgroups: the worst of each over its own nodes.
    signal sub_loss <== SubgroupLoss(N, J)(opening.size, subnodes, subgroup_chosen, sub_losses);

    // 8. The claim. With w = sum_bits(N), a group's loss and a subgroup's are each below 2^w.
    AssertMargin(N, G + J)(equity, addon, scan + sub_loss, opening.ratio, opening.floor);
}
