// SPDX-License-Identifier: BSD-2-Clause

import RegistryModel
import SystemPackage
import TestSupport
import Testing

@testable import Linux
@testable import PacketMetadata
@testable import PktmetaCommands

/// What a driver means that takes no program in native mode, by its answer: as drivers gave them in virtual machines
/// (Tests/KernelMatrix/drivers.py).
@Suite struct DriverWordsTests {
    struct Answer {
        let said: String?
        let errno: Errno
        let features: XDPFeatures?
        var mtu = 1500
    }

    private static let none = XDPFeatures(actions: [], hasNative: false, takesFragments: false, hints: [])
    private static let plain = XDPFeatures(actions: ["basic"], hasNative: true, takesFragments: false, hints: [])
    private static let fragments = XDPFeatures(
        actions: ["basic", "rx-sg"], hasNative: true, takesFragments: true, hints: [])
    private static let ofKernel = "Underlying driver does not support XDP in native mode"

    @Test(arguments: [
        (
            "e1000e", Answer(said: ofKernel, errno: .notSupported, features: none),
            "the driver has no native XDP (EOPNOTSUPP)"
        ),
        (
            "before Linux 6.3", Answer(said: ofKernel, errno: .notSupported, features: nil, mtu: 9000),
            "the driver has no native XDP (EOPNOTSUPP)"
        ),
        (
            "a kernel of few words", Answer(said: nil, errno: .notSupported, features: nil),
            "the driver has no native XDP (EOPNOTSUPP)"
        ),
        (
            "virtio_net",
            Answer(said: "virtio_net: disable GRO_HW/CSUM first", errno: .notSupported, features: fragments),
            "the driver refuses native XDP, and says: virtio_net: disable GRO_HW/CSUM first (EOPNOTSUPP)"
        ),
        (
            "igb", Answer(said: nil, errno: .invalidArgument, features: plain, mtu: 9000),
            "the driver refuses native XDP at an MTU of 9000 (EINVAL)"
        ),
        (
            "vmxnet3", Answer(said: "MTU 9000 too large for XDP", errno: .notSupported, features: plain, mtu: 9000),
            "the driver refuses native XDP at an MTU of 9000, and says: MTU 9000 too large for XDP (EOPNOTSUPP)"
        ),
    ])
    func generic(name: String, answer: Answer, reason: String) throws {
        let refusal = try #require(
            InterfaceRefusal(said: answer.said, answer.errno, answer.features, mtu: answer.mtu), "\(name)")
        #expect(refusal.reason == reason)
        #expect(refusal.isEndedByGenericMode)
        #expect(refusal.remedy?.hasPrefix("--mode generic works with any driver") == true)
    }

    /// A driver that takes fragments would take a program that does.
    @Test(arguments: [nil, "virtio_net: MTU too large to enable XDP without frags"])
    func programsWithoutFragments(said: String?) throws {
        let refusal = try #require(InterfaceRefusal(said: said, .invalidArgument, Self.fragments, mtu: 9000))
        #expect(refusal == .tooLargeMTU(.own, kernelTakesFragments: true, .invalidArgument))
        #expect(!refusal.isEndedByGenericMode)
    }

    /// Who says no more than EINVAL at a usual MTU may mean anything.
    @Test func somethingElse() {
        #expect(InterfaceRefusal(said: nil, .invalidArgument, Self.plain, mtu: 1500) == nil)
    }

    @Test func offloadsThatAGuestCannotTurnOff() {
        #expect(VirtioFeatures(bits: [1, 7, 8]).fixedGuestOffloads == ["GUEST_CSUM", "GUEST_TSO4", "GUEST_TSO6"])
        #expect(VirtioFeatures(bits: [1, 2, 7, 8]).fixedGuestOffloads == [])
        #expect(VirtioFeatures(bits: [0, 3, 5]).fixedGuestOffloads == [])
    }

    @Test func findings() {
        let virtio = Finding(
            .nativeXDP, .weaker, .nativeXDPLimit(.hostOffloads(["GUEST_CSUM"])), remedy: .otherVirtioFeatures)
        #expect(virtio.text.contains("which this machine cannot turn off: programs run in generic mode"))
        #expect(virtio.help?.contains("ctrl_guest_offloads=on") == true)
        let vmxnet3 = Finding(.nativeXDP, .weaker, .nativeXDPLimit(.noArea(.vmxnet3)))
        #expect(
            vmxnet3.text
                == "the driver, vmxnet3, grants no area in native XDP: programs run in generic mode, which is slower")
    }
}
