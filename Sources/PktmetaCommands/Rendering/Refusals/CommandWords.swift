// SPDX-License-Identifier: BSD-2-Clause

internal import Benchmark
internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage
internal import Testbed

extension CommandRefusal: RefusalWords {
    var reason: String {
        switch self {
        case .badArguments(let fault): fault
        case .noSuchField(_, let path, _): "the registry \(path) has no such field"
        case .damagedFields(let problem): "it is damaged: \(problem.words)"
        case .noInterfaces: "the namespace has no interface but the loopback"
        case .interfacesNotListed(let errno): "cannot list interfaces (\(errno.name))"
        case .binaryToTerminal: "it is binary, and the output is a terminal"
        case .fileNotWritten(let path, let errno): "cannot write \(path): \(errno.withName)"
        case .noSingleKeys(let errno): "the terminal does not give single keys (\(errno.name))"
        case .packetNotSent(let errno): "cannot send a packet (\(errno.name))"
        case .packetsNotArrived(let found, let all): "only \(found) of \(all.of("packet")) arrived in 5 s"
        }
    }

    var remedy: String? {
        switch self {
        case .noSuchField(let text, _, let fields):
            InspectionView(rawValue: text).map { view in
                "The view goes before the names: pktmeta inspect-map \(view.rawValue) NAME."
            } ?? NearestName.question(
                text, among: fields.map(\.text) + InspectionView.allCases.map(\.rawValue))
                + "pktmeta inspect-map registry lists its fields."
        case .damagedFields: "pktmeta inspect-map registry lists all damage."
        case .binaryToTerminal: "Name a file, or redirect the output."
        case .noSingleKeys: "Put the output into a pipe: ... --watch | cat."
        case .badArguments, .noInterfaces, .interfacesNotListed, .fileNotWritten, .packetNotSent, .packetsNotArrived:
            nil
        }
    }
}

extension TestbedRefusal: RefusalWords {
    var reason: String {
        switch self {
        case .namespaceNotMade(let errno):
            "cannot make a network namespace (\(errno.name))"
                + (errno == .notPermitted ? "; it takes CAP_SYS_ADMIN" : "")
        case .interfaceNotUp(let name, let said): "\(name) does not come up: \(said)"
        case .commandFailed(let command, let said): "\(command): \(said)"
        case .interrupted(let signal): "signal \(signal)"
        }
    }

    var remedy: String? {
        switch self {
        case .commandFailed: "This uses iproute2: apt-get install iproute2."
        case .interrupted: "All that it made is removed."
        case .namespaceNotMade, .interfaceNotUp: nil
        }
    }
}

extension BenchmarkRefusal: RefusalWords {
    var reason: String {
        switch self {
        case .wrongFields(let title): "\(title): a packet did not carry the fields that were set"
        case .lostPackets(let count): "\(count) watched packets were lost"
        case .noPackets(let count, let interface): "none of \(count) packets arrived at \(interface)"
        case .noLiveFrames: "the kernel runs XDP programs on no live frames (EINVAL)"
        case .otherModes: "the prebuilt programs were not attached in native mode and by TCX"
        case .commandFailed(let words, let status, let output):
            "\(words.joined(separator: " ")): exit code \(status)\(output.map { ": \($0)" } ?? "")"
        case .systemFailure(let errno): errno.withName
        case .unexpected(let text): text
        }
    }

    var remedy: String? {
        switch self {
        case .noLiveFrames: "It does since Linux 5.18; pktmeta bench encodings does without."
        case .otherModes: "This part takes Linux 6.6."
        default: nil
        }
    }
}

extension BenchmarkSection {
    /// How it was measured, or why it was not.
    var allNotes: [String] {
        notes + (obstacle.map { [$0.message + ($0.remedy.map { "\n  \($0)" } ?? "")] } ?? [])
    }
}
