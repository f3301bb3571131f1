// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {QuorumSignature} from "../interfaces/IMarketOracle.sol";

/// @title So many of these signed exactly this
/// @notice Counts signatures of accounts with keys and, by ERC-1271, of contracts.
library Quorum {
    /// @notice Signers are not in strictly increasing order, which is what keeps one from counting twice.
    error SignersNotIncreasing(uint256 position);
    /// @notice The signer is not a member.
    error NotAMember(address signer);
    /// @notice The signature is not the signer's over this digest.
    error BadSignature(address signer);
    /// @notice Fewer members signed than must.
    error QuorumNotReached(uint256 signatures, uint256 quorum);

    /// @notice Reverts unless at least `quorum` members signed, and nobody else.
    /// @param members Whose signatures count.
    /// @param quorum How many must have signed; above zero.
    /// @param digest What they signed.
    /// @param signatures Theirs, in strictly increasing order of addresses. No longer than there are members, since all
    /// are distinct members.
    function requireReached(
        mapping(address member => bool) storage members,
        uint256 quorum,
        bytes32 digest,
        QuorumSignature[] calldata signatures
    ) internal view {
        uint256 count = signatures.length;
        if (count == 0 || count < quorum) revert QuorumNotReached(count, quorum);
        address previous = address(0);
        for (uint256 i = 0; i < count; ++i) {
            address signer = signatures[i].signer;
            if (signer <= previous) revert SignersNotIncreasing(i);
            if (!members[signer]) revert NotAMember(signer);
            if (!SignatureChecker.isValidSignatureNowCalldata(signer, digest, signatures[i].signature)) {
                revert BadSignature(signer);
            }
            previous = signer;
        }
    }
}
