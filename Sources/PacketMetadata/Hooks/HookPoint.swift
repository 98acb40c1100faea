// SPDX-License-Identifier: BSD-2-Clause

/// A hook, by what tells it from all others.
struct HookPoint: Hashable, Sendable {
    let site: HookSite
    let hook: Hook
}

/// What has a hook, by what tells it from others of its kind. A further kind is one more case, as it is of ``HookPlace``,
/// which is the same for people, and of ``RecordedSite``.
enum HookSite: Hashable, Sendable {
    /// An ifindex repeats across network namespaces.
    case interface(netnsCookie: UInt64, ifindex: UInt32)
    case netfilter(netnsCookie: UInt64, NetfilterHook)
    /// By the number that the kernel gives a cgroup.
    case cgroup(UInt64)
}

// MARK: In names

extension HookSite {
    /// Two words without a dash, which names of attachments are made of. bpffs takes no dots.
    var words: String {
        switch self {
        case .interface(let netnsCookie, let ifindex): "\(netnsCookie)-\(ifindex)"
        case .netfilter(let netnsCookie, let hook): "\(netnsCookie)-\(hook.word)"
        case .cgroup(let id): "\(Self.cgroupWord)-\(id)"
        }
    }

    /// - Returns: nil for words of something else.
    init?(words first: Substring, _ second: Substring) {
        if first == Self.cgroupWord {
            guard let id = UInt64(second) else { return nil }
            self = .cgroup(id)
            return
        }
        guard let netnsCookie = UInt64(first) else { return nil }
        if let ifindex = UInt32(second) {
            self = .interface(netnsCookie: netnsCookie, ifindex: ifindex)
        } else if let hook = NetfilterHook(word: second) {
            self = .netfilter(netnsCookie: netnsCookie, hook)
        } else {
            return nil
        }
    }

    private static let cgroupWord = "cgroup"
}

extension NetfilterHook {
    /// `ipv4_input_m150`, of a priority of -150.
    fileprivate var word: String {
        "\(family.rawValue)_\(stage.rawValue)_" + (priority < 0 ? "m" : "") + "\(priority.magnitude)"
    }

    fileprivate init?(word: Substring) {
        let words = word.split(separator: "_")
        guard words.count == 3, let family = Family(rawValue: String(words[0])),
            let stage = Stage(rawValue: String(words[1])),
            let priority = words[2].first == "m" ? Int32("-\(words[2].dropFirst())") : Int32(words[2])
        else { return nil }
        self.init(family, stage, priority: priority)
    }
}
