// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

extension InterfaceRefusal: RefusalWords {
    var reason: String {
        switch self {
        case .noSuchInterface(_, let errno, _): "there is no such interface (\(errno.name))"
        case .noNativeXDP(let errno): "the driver has no native XDP (\(errno.name))"
        case .noAreaInNativeXDP(let driver): driver.words
        case .notAsItIs(let refusal): refusal.words
        case .tooFewQueues(let queues, _, let errno):
            "\(queues?.words ?? "the driver has too few queues for native XDP") (\(errno.name))"
        case .tooLittleMemory(let said, let errno):
            "the driver has not the queues or the memory for native XDP\(said.quoted) (\(errno.name))"
        case .tooLargeMTU(let mtu, _, let errno):
            "\(mtu.words) is too large for a program without fragments (\(errno.name))"
        }
    }

    var remedy: String? {
        switch self {
        case .noSuchInterface(let name, _, let others):
            NearestName.question(name, among: others)
                + "ip link lists those of a network namespace; --netns names another namespace."
        case .noNativeXDP, .noAreaInNativeXDP: "--mode generic works with any driver."
        case .notAsItIs(let refusal): refusal.remedy
        case .tooLittleMemory: "--mode generic takes none of them; fewer queues, by ethtool -L, may do."
        case .tooFewQueues(_, let isVeth, _):
            isVeth
                ? "--mode generic takes none; so does a peer that sends on fewer, by ethtool -L PEER tx NUMBER."
                : "--mode generic takes none; fewer queues, by ethtool -L, may do."
        case .tooLargeMTU(let mtu, let kernelTakesFragments, _):
            kernelTakesFragments
                ? "Compile the program as SEC(\"xdp.frags\"), or \(mtu.lowering)."
                : "This kernel has no fragments in XDP (Linux 5.18): \(mtu.lowering), or --mode generic."
        }
    }
}

extension DriverWithoutArea {
    var words: String { "the driver, \(rawValue), grants no area in native XDP" }
}

extension DriverRefusalOfXDP {
    fileprivate var words: String {
        let place = largeMTU.map { " at an MTU of \($0)" } ?? ""
        return "the driver refuses native XDP\(place)\(said.quoted) (\(errno.name))"
    }

    fileprivate var remedy: String {
        "--mode generic works with any driver" + (largeMTU == nil ? "." : "; a smaller MTU may do as well.")
    }
}

extension String? {
    /// Somebody's own words, behind what they are a reason for.
    fileprivate var quoted: String { map { ", and says: \($0)" } ?? "" }
}

extension InterfaceRefusal.MTU {
    fileprivate var words: String {
        switch self {
        case .own: "its MTU"
        case .peer(let mtu): "the MTU of its veth peer\(mtu.map { ", \($0)," } ?? "")"
        }
    }

    fileprivate var lowering: String { self == .own ? "lower the MTU" : "lower the peer's MTU" }
}

extension VethQueues {
    /// That there are too few.
    var words: String {
        "it has \(receiving.of("receive queue")), and its veth peer sends on \(sentOn), "
            + "which is too many for native XDP"
    }
}

extension AttachmentReport {
    /// What is not as it was asked for first; nil if all is.
    var fallbackWords: String? {
        fallbacks.isEmpty ? nil : fallbacks.map(words).joined(separator: "; ")
    }

    private func words(_ fallback: Fallback) -> String {
        switch fallback {
        case .driverNotAsked(let error): error.reason
        case .notNative(let refusal): refusal.reason
        case .noTCX: "the kernel has no TCX"
        case .leftToOwn: "the hook is left to it; --join \(hook.option) prebuilt adds the prebuilt program"
        }
    }
}

extension Hook {
    /// That names the hook's programs; of netfilter, the command's argument does.
    var option: String {
        switch self {
        case .xdp: "--xdp"
        case .tcIngress: "--tc"
        case .tcEgress: "--tc-egress"
        case .netfilter: "OBJECT"
        case .cgroupIngress: "--ingress"
        case .cgroupEgress: "--egress"
        case .socketGet, .socketSet, .socketIngress: "--sockets"
        }
    }

    /// The command that attaches to it.
    var command: String {
        switch owner {
        case .interface: "attach-to-interface"
        case .netfilter: "attach-to-netfilter"
        case .cgroup: "attach-to-cgroup"
        }
    }
}
