// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Statement} from "../../src/SolvencyStatement.sol";
import {Attestation, ISchemaResolver} from "../../src/eas/IEAS.sol";
import {SolvencyResolver} from "../../src/eas/SolvencyResolver.sol";
import {Proof} from "../../src/interfaces/IGroth16Verifier.sol";
import {ISolvencyRegistry} from "../../src/interfaces/ISolvencyRegistry.sol";
import {System} from "../utils/System.sol";

/// @dev Stands for the attestation service: passes on what it is given.
contract Service {
    function attest(ISchemaResolver resolver, Attestation calldata attestation) external payable returns (bool) {
        return resolver.attest{value: msg.value}(attestation);
    }

    function multiAttest(ISchemaResolver resolver, Attestation[] calldata attestations) external returns (bool) {
        return resolver.multiAttest(attestations, new uint256[](attestations.length));
    }

    function revoke(ISchemaResolver resolver, Attestation calldata attestation) external returns (bool) {
        return resolver.revoke(attestation);
    }
}

/// @dev Behaviours in SolvencyResolver.tree.
contract SolvencyResolverTest is System {
    Service private service;
    SolvencyResolver private resolver;

    function setUp() public override {
        super.setUp();
        service = new Service();
        resolver = new SolvencyResolver(address(service), registry);
        post(1);
    }

    function test_AdmitsWithAProof() public {
        assertTrue(service.attest(resolver, _attestation(SUBJECT)), "admitted");
        assertTrue(isSolvent(SUBJECT), "on record");
        // The same proof once more is no obstacle, nor is its being on record.
        assertTrue(service.attest(resolver, _attestation(SUBJECT)), "again");
        Attestation[] memory several = new Attestation[](2);
        (several[0], several[1]) = (_attestation(SUBJECT), _attestation(OTHER));
        assertTrue(service.multiAttest(resolver, several), "several");
        assertTrue(service.revoke(resolver, several[0]), "revoked");
        assertFalse(resolver.isPayable(), "payable");
    }

    function test_RevertWhen_TheProofDoesNotHold() public {
        Attestation memory made = _attestation(SUBJECT);
        Statement memory claim = statement(SUBJECT, 1);
        made.data = abi.encode(policyId, CIRCUIT, claim, prove(statement(OTHER, 1)));
        vm.expectRevert(ISolvencyRegistry.InvalidProof.selector);
        service.attest(resolver, made);
    }

    function test_RevertWhen_TheRecipientIsAnother() public {
        Attestation memory made = _attestation(SUBJECT);
        made.recipient = OTHER;
        vm.expectRevert(abi.encodeWithSelector(SolvencyResolver.WrongRecipient.selector, OTHER, SUBJECT));
        service.attest(resolver, made);
    }

    function test_RevertWhen_ItEndsAfterTheRecord() public {
        Attestation memory made = _attestation(SUBJECT);
        made.expirationTime = 0;
        vm.expectRevert(abi.encodeWithSelector(SolvencyResolver.EndsTooLate.selector, 0, NOW + MAX_AGE));
        service.attest(resolver, made);
        made.expirationTime = uint64(NOW + MAX_AGE + 1);
        vm.expectRevert(abi.encodeWithSelector(SolvencyResolver.EndsTooLate.selector, NOW + MAX_AGE + 1, NOW + MAX_AGE));
        service.attest(resolver, made);
    }

    function test_RevertWhen_ItIsOfAnotherSchema() public {
        Attestation memory made = _attestation(SUBJECT);
        assertEq(resolver.schema(), keccak256(abi.encodePacked(resolver.SCHEMA(), address(resolver), true)), "id");
        made.schema = bytes32(uint256(1));
        vm.expectRevert(abi.encodeWithSelector(SolvencyResolver.WrongSchema.selector, made.schema, resolver.schema()));
        service.attest(resolver, made);
        made = _attestation(SUBJECT);
        made.data = bytes.concat(made.data, bytes32(0));
        vm.expectRevert(abi.encodeWithSelector(SolvencyResolver.WrongLength.selector, 512));
        service.attest(resolver, made);
    }

    function test_RevertWhen_ItDoesNotHoldNow() public {
        Attestation memory made = _attestation(SUBJECT);
        btc.set(1e18);
        vm.expectRevert(abi.encodeWithSelector(SolvencyResolver.NotSolventNow.selector, SUBJECT));
        service.attest(resolver, made);
    }

    function test_RevertWhen_SomebodyElseAsks() public {
        Attestation memory made = _attestation(SUBJECT);
        vm.expectRevert(abi.encodeWithSelector(SolvencyResolver.NotTheService.selector, address(this)));
        resolver.attest(made);
        vm.expectRevert(abi.encodeWithSelector(SolvencyResolver.NotTheService.selector, address(this)));
        resolver.revoke(made);
        vm.deal(address(this), 1);
        vm.expectRevert(SolvencyResolver.NoEther.selector);
        service.attest{value: 1}(resolver, made);
    }

    function test_RevertWhen_ThereAreTooMany() public {
        Attestation[] memory several = new Attestation[](17);
        vm.expectRevert(abi.encodeWithSelector(SolvencyResolver.TooMany.selector, 17));
        service.multiAttest(resolver, several);
    }

    function test_RevertWhen_APartIsNoContract() public {
        vm.expectRevert(abi.encodeWithSelector(SolvencyResolver.NotAContract.selector, address(0xdead)));
        new SolvencyResolver(address(0xdead), registry);
        vm.expectRevert(abi.encodeWithSelector(SolvencyResolver.NotAContract.selector, address(0xdead)));
        new SolvencyResolver(address(service), ISolvencyRegistry(address(0xdead)));
    }

    function _attestation(address subject) private view returns (Attestation memory made) {
        Statement memory claim = statement(subject, 1);
        Proof memory proof = prove(claim);
        made.schema = resolver.schema();
        made.recipient = subject;
        made.expirationTime = uint64(NOW + MAX_AGE);
        made.data = abi.encode(policyId, CIRCUIT, claim, proof);
    }
}
