// SPDX-License-Identifier: BSD-2-Clause

internal import Benchmark
internal import Linux
internal import PktmetaCommands
internal import RegistryModel
internal import SystemPackage

extension BenchmarkRefusal: RefusalWords {
    var reason: String {
        switch self {
        case .wrongFields(let title): "\(title): a packet did not carry the fields that were set"
        case .lostPackets(let count): "\(count) watched packets were lost"
        case .noPackets(let count, let interface): "none of \(count) packets arrived at \(interface)"
        case .noLiveFrames: "the kernel runs XDP programs on no live frames (EINVAL)"
        case .noTCXLinks(let errno): "the kernel has no TCX links (\(errno.name)); they came with Linux 6.6"
        case .noTracepoint(let name): "the kernel has no tracepoint \(name) (ENOENT)"
        case .noCgroups: "no file system of cgroups of version 2 is mounted"
        case .noTimestamps: "the kernel did not take the time of packets as they came"
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
