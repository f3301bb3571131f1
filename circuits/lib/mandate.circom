// SPDX-License-Identifier: GPL-3.0-only
pragma circom 2.1.9;

include "charges.circom";
include "constants.circom";
include "isolated.circom";
include "mandate_constants.circom";
include "poseidon_list.circom";
include "range.circom";
include "scenario_loss.circom";

/*
 * A fund's mandate: limits on what an account may hold, by underlying and as a whole.
 *
 * Greeks, marks and notionals in a row may each be less than one unit (10^-6 quote a lot) off. A position of
 * |size| is then off by less than |size| in the sums here, which is the allowance that every claim concedes:
 *
 *     allowance = sum of |size|
 *
 * So whatever holds of the rows' numbers holds of the exact ones.
 */

function MANDATE_GREEKS() { return 4; }     // delta, gamma, vega, theta

/// Bits of a limit in the sums' scale, and one more for what it is compared with. 10^14 < 2^47.
/// A net and an allowance of N slots stay below the widest limit, so that one is no limit at all.
function limit_bits(N) {
    assert(10 ** SCALE_CASH() < 2 ** 47);
    assert(sum_bits(N) + 1 < MANDATE_LIMIT() + 46);
    return MANDATE_LIMIT() + 47;
}

/// The mandate's hash: universe, then id and four limits of each of its G underlyings, leverage, share. Every
/// number is as wide as it says, and no underlying stands twice: halves of one would each have its limits.
/// Cost: 4·G·LIMIT + (G - 1)·GROUP and 50 an element.
template Mandate(G) {
    signal input universe;
    signal input groups[G];
    signal input limits[G][MANDATE_GREEKS()];
    signal input leverage;
    signal input share;
    signal output hash;
    signal output {maxbit} limit[G][MANDATE_GREEKS()];
    signal output {maxbit} leverage_limit;
    signal output {maxbit} share_limit;

    AssertAscending(G, WIDTH_GROUP())(groups);

    var PER = 1 + MANDATE_GREEKS();
    component list = PoseidonList(1 + PER * G + 2, TAG_MANDATE());
    list.in[0] <== universe;
    limit.maxbit = MANDATE_LIMIT();
    for (var g = 0; g < G; g++) {
        list.in[1 + PER * g] <== groups[g];
        for (var x = 0; x < MANDATE_GREEKS(); x++) {
            list.in[2 + PER * g + x] <== limits[g][x];
            limit[g][x] <== Bounded(MANDATE_LIMIT())(limits[g][x]);
        }
    }
    list.in[1 + PER * G] <== leverage;
    list.in[2 + PER * G] <== share;
    leverage_limit <== Bounded(MANDATE_LEVERAGE())(leverage);
    share_limit <== Bounded(MANDATE_SHARE())(share);

    hash <== list.out;
}

/// How many hundred-millionths of a lot each group's positions are of, long and short alike: the allowance.
/// Cost: N·G.
template GroupSizes(N, G) {
    signal input {maxbit} magnitude[N];
    signal input {binary} choice[N][G];
    signal output sizes[G];                 // below 2^sum_bits(N)

    assert(magnitude.maxbit <= WIDTH_SIZE());

    signal part[N][G];
    var sums[G];
    for (var i = 0; i < N; i++) {
        for (var g = 0; g < G; g++) {
            part[i][g] <== choice[i][g] * magnitude[i];
            sums[g] += part[i][g];
        }
    }
    for (var g = 0; g < G; g++) {
        sizes[g] <== sums[g];
    }
}

/// |net| + allowance <= limit for every Greek of every group; limits in whole quote units.
/// Cost: 8·G·limit_bits(N).
template AssertGreeks(N, G) {
    signal input net[G][MANDATE_GREEKS()];  // |net| < 2^sum_bits(N)
    signal input allowance[G];
    signal input {maxbit} limit[G][MANDATE_GREEKS()];

    assert(limit.maxbit <= MANDATE_LIMIT());

    signal room[G][MANDATE_GREEKS()];
    for (var g = 0; g < G; g++) {
        for (var x = 0; x < MANDATE_GREEKS(); x++) {
            room[g][x] <== 10 ** SCALE_CASH() * limit[g][x] - allowance[g];
            AssertBounded(limit_bits(N) + 1)(room[g][x] - net[g][x]);
            AssertBounded(limit_bits(N) + 1)(room[g][x] + net[g][x]);
        }
    }
}

/// What is left of equity after the allowance is no less than the floor, so not negative.
/// Cost: sum_bits(N) + 1.
template AssertFloor(N) {
    assert(WIDTH_SIZE() + WIDTH_VALUE() > WIDTH_CASH());
    assert(sum_bits(N) + 1 < 250);

    signal input least;                     // |least| < 2^(sum_bits(N) + 1)
    signal input {maxbit} floor;

    assert(floor.maxbit <= TERMS_FLOOR_BITS());

    AssertBounded(sum_bits(N) + 1)(least - 10 ** SCALE_CASH() * floor);
}

/// 100·gross <= leverage·least equity. Both are below 2^(sum_bits(N) + 1).
/// Cost: sum_bits(N) + 1 + LEVERAGE.
template AssertLeverage(N) {
    assert(MANDATE_LEVERAGE() >= 7);
    assert(sum_bits(N) + 2 + MANDATE_LEVERAGE() < 250);

    signal input least;
    signal input gross;
    signal input {maxbit} leverage;

    assert(leverage.maxbit <= MANDATE_LEVERAGE());

    signal most <== leverage * least;
    AssertBounded(sum_bits(N) + 1 + MANDATE_LEVERAGE())(most - 100 * gross);
}

/// 10,000·gross of each group <= share·(gross of all - allowance of the others). Its own is conceded nothing: to
/// make one gross and the total smaller by the same only makes the share smaller.
/// Cost: G·(1 + sum_bits(N) + SHARE).
template AssertConcentration(N, G) {
    assert(MANDATE_SHARE() >= 14);
    assert(sum_bits(N) + 2 + MANDATE_SHARE() < 250);

    signal input gross[G];
    signal input allowance[G];
    signal input total;                     // of gross
    signal input conceded;                  // of allowance
    signal input {maxbit} share;

    assert(share.maxbit <= MANDATE_SHARE());

    signal most[G];
    for (var g = 0; g < G; g++) {
        most[g] <== share * (total - conceded + allowance[g]);
        AssertBounded(sum_bits(N) + MANDATE_SHARE())(most[g] - 10000 * gross[g]);
    }
}
