// SPDX-License-Identifier: BSD-2-Clause

internal import CBuildStamp
internal import Linux
internal import PacketMetadata
internal import RegistryModel

/// Which version a program is, and of what it was built.
struct BuildVersion {
    /// `0.1.0` of a release; `0.1.0-dev+g0123456` of another commit, and with `.dirty` behind it if files differed from it.
    let text: String
    /// 40 hexadecimal digits; nil of a build that nobody has stamped.
    let commit: String?

    /// This program's. Only `make release` knows the commit (.make/stamp).
    static var current: BuildVersion {
        var stamp = [CChar](repeating: 0, count: Int(BUILD_STAMP_SIZE))
        unsafe build_stamp(&stamp)
        return BuildVersion(
            stamp: String(decoding: stamp.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
    }

    init(stamp: String) {
        let lines = stamp.split(separator: "\n").map { $0.split(separator: "=", maxSplits: 1) }
        func value(_ name: String) -> String? { lines.first { $0.count == 2 && $0[0] == name }.map { String($0[1]) } }
        text = value("version") ?? "\(Pktmeta.version)-dev"
        commit = value("commit")
    }
}

/// To say which version this is.
struct VersionRequest: Request {
    let isJSON: Bool

    /// - Returns: nil if these arguments do not ask for the version, or for more.
    init?(_ arguments: [String]) {
        guard arguments.contains("--version"), Set(arguments).isSubset(of: ["--version", "--json"]) else { return nil }
        isJSON = arguments.contains("--json")
    }

    func run(in context: Context) {
        context.output(isJSON ? VersionDocument(.current).json : BuildVersion.current.text)
    }
}

struct VersionDocument: JSONDocument {
    private let build: BuildVersion

    init(_ build: BuildVersion) { self.build = build }

    var value: JSONValue {
        [
            "version": .version,
            "pktmeta": .text(build.text),
            "commit": build.commit.map(JSONValue.text),
            // Of registries that it makes, and of objects that it takes.
            "abi": .number(RegistryWord.abiVersion),
            "libbpf": .text(LoaderLibrary.version),
            "machine": .text(SystemNames.this.machine),
        ]
    }
}
