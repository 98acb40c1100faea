// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Glibc
import Linux
import SystemPackage
import TestSupport
import Testing

/// The whole workflow as a user that is not root, with each set of capabilities that matters. Privileges.md has the
/// table that is asserted here.
@Suite(Kernel.required) struct PrivilegeTests {
    enum Privilege: Int, CaseIterable {
        case none, bpf, netAdmin, both, all

        /// As setpriv calls them.
        var capabilities: [String] {
            switch self {
            case .none: []
            case .bpf: ["bpf"]
            case .netAdmin: ["net_admin"]
            case .both: ["bpf", "net_admin"]
            case .all: ["bpf", "net_admin", "perfmon"]
            }
        }

        /// What a message says that is lacking.
        var lacking: String {
            switch self {
            case .none: "CAP_BPF, CAP_NET_ADMIN"
            case .bpf: "CAP_NET_ADMIN"
            case .netAdmin: "CAP_BPF"
            case .both: "CAP_PERFMON"
            case .all: ""
            }
        }
    }

    /// What there is before a command runs.
    enum Before: CaseIterable {
        case nothing, field, bound, prebuilt
    }

    struct Row: CustomTestStringConvertible {
        let before: Before
        let arguments: [String]
        /// With no capability and so on, in the order of ``Privilege``.
        let exitCodes: [Int32]
        /// Instead of what the privilege lacks.
        var saying: String?

        /// As in Privileges.md.
        var text: String {
            let command =
                arguments[0] + (arguments.contains("BOUND") ? ", bound access" : "")
                + (arguments.contains("PROGRAMS") ? ", of programs" : "")
            let state =
                switch before {
                case .nothing: "no registry yet"
                case .field: "nothing attached"
                case .bound: "bound access attached"
                case .prebuilt: "the prebuilt pair attached"
                }
            return "| \(command) | \(state) | " + exitCodes.map { $0 == 0 ? "yes |" : "no |" }.joined(separator: " ")
        }

        var testDescription: String { "\(arguments.joined(separator: " ")), before: \(before)" }
    }

    static let rows: [Row] = [
        Row(before: .nothing, arguments: ["create-registry"], exitCodes: [77, 77, 77, 0, 0]),
        Row(before: .nothing, arguments: ["register-field", "new", "--type", "u8"], exitCodes: [77, 77, 77, 0, 0]),
        Row(before: .field, arguments: ["create-registry"], exitCodes: [0, 0, 0, 0, 0]),
        Row(before: .field, arguments: ["register-field", "new", "--type", "u8"], exitCodes: [0, 0, 0, 0, 0]),
        Row(before: .bound, arguments: ["register-field", "new", "--type", "u8"], exitCodes: [0, 0, 0, 0, 0]),
        Row(before: .prebuilt, arguments: ["register-field", "new", "--type", "u8"], exitCodes: [77, 77, 77, 77, 0]),
        Row(before: .field, arguments: ["unregister-field", "spare"], exitCodes: [0, 0, 0, 0, 0]),
        Row(before: .bound, arguments: ["unregister-field", "spare"], exitCodes: [77, 77, 77, 0, 0]),
        Row(before: .prebuilt, arguments: ["unregister-field", "spare"], exitCodes: [77, 77, 77, 77, 0]),
        Row(before: .field, arguments: ["compact"], exitCodes: [0, 0, 0, 0, 0]),
        Row(before: .prebuilt, arguments: ["reset-state"], exitCodes: [0, 0, 0, 0, 0]),
        Row(before: .field, arguments: ["attach-to-interface", "far0"], exitCodes: [77, 77, 77, 77, 0]),
        Row(before: .field, arguments: ["attach-to-interface", "far0", "BOUND"], exitCodes: [77, 77, 77, 0, 0]),
        Row(
            before: .field, arguments: ["create-steering", "workers", "--field", "spare", "--sockets", "4"],
            exitCodes: [77, 77, 77, 77, 0], saying: "CAP_"),
        Row(
            before: .field, arguments: ["attach-to-netfilter", "NETFILTER", "--hook", "input", "--register-missing"],
            exitCodes: [77, 77, 77, 77, 0]),
        Row(
            before: .field, arguments: ["attach-to-cgroup", "CGROUP", "--ingress", "INGRESS", "--register-missing"],
            exitCodes: [77, 77, 77, 77, 0]),
        Row(before: .field, arguments: ["apply", "FIELDS"], exitCodes: [0, 0, 0, 0, 0]),
        Row(before: .field, arguments: ["apply", "PROGRAMS"], exitCodes: [77, 77, 77, 77, 0], saying: "CAP_"),
        Row(before: .prebuilt, arguments: ["diff", "FIELDS"], exitCodes: [0, 0, 0, 0, 0]),
        Row(before: .prebuilt, arguments: ["export"], exitCodes: [0, 0, 0, 0, 0]),
        Row(before: .prebuilt, arguments: ["inspect-map"], exitCodes: [0, 0, 0, 0, 0]),
        Row(
            before: .prebuilt, arguments: ["watch", "far0", "--duration", "0.1"], exitCodes: [77, 77, 77, 77, 0]),
        Row(before: .prebuilt, arguments: ["trace", "--duration", "0.1"], exitCodes: [77, 77, 77, 77, 0]),
        Row(before: .prebuilt, arguments: ["export-btf"], exitCodes: [0, 0, 0, 0, 0]),
        Row(before: .prebuilt, arguments: ["generate-header"], exitCodes: [0, 0, 0, 0, 0]),
        Row(before: .prebuilt, arguments: ["layout-digest"], exitCodes: [0, 0, 0, 0, 0]),
        Row(
            before: .prebuilt, arguments: ["detach-from-interface", "far0"], exitCodes: [77, 77, 0, 0, 0],
            saying: "CAP_NET_ADMIN"),
        Row(before: .prebuilt, arguments: ["delete-registry", "--force"], exitCodes: [0, 0, 0, 0, 0]),
    ]

    /// A user, a registry in its folder, and a veth pair at whose far end its commands run.
    final class Bench: @unchecked Sendable {
        let user: OtherUser
        let pair: VethPair
        let registry: FilePath
        private let cgroup: ScratchCgroup
        private let fields, programs: FilePath

        init() throws {
            cgroup = try ScratchCgroup()
            user = try OtherUser()
            fields = try user.write("{owner: me, fields: {new: {type: u8}}}", as: "fields.yaml")
            programs = try user.write("{owner: me, interfaces: [{name: far0}]}", as: "programs.yaml")
            pair = try VethPair()
            registry = user.home.appending("registry")
        }

        func run(
            _ arguments: [String], _ privilege: Privilege = .all, as id: UInt32 = OtherUser.id, groups: [UInt32] = []
        ) throws -> ChildProcess.Outcome {
            let bound = ["--xdp", try user.object("bound_count").string + ":stamp", "--tc", "none"]
            let filters = try user.object("filter_places").string
            let words = [
                "BOUND": bound, "NETFILTER": ["\(filters):in_netfilter"], "CGROUP": [cgroup.path.string],
                "INGRESS": ["\(filters):to_cgroup"], "FIELDS": [fields.string], "PROGRAMS": [programs.string],
            ]
            let arguments = arguments.flatMap { words[$0] ?? [$0] } + ["--registry", registry.string]
            return try pair.inReceiver {
                try user.run(arguments, capabilities: privilege.capabilities, as: id, groups: groups)
            }
        }

        func prepare(_ before: Before) throws {
            if before == .nothing { return }
            try expectSuccess(["register-field", "shared", "--type", "u32", "--source", "constant:7"])
            try expectSuccess(["register-field", "spare", "--type", "u32", "--source", "constant:8"])
            if before == .bound { try expectSuccess(["attach-to-interface", "far0", "BOUND"]) }
            if before == .prebuilt { try expectSuccess(["attach-to-interface", "far0"]) }
        }

        func expectSuccess(
            _ arguments: [String], _ privilege: Privilege = .all, sourceLocation: SourceLocation = #_sourceLocation
        ) throws {
            let outcome = try run(arguments, privilege)
            #expect(outcome.status == 0, "\(arguments): \(outcome.output)", sourceLocation: sourceLocation)
        }

        func tearDown() throws {
            try expectSuccess(["delete-registry", "--force"])
        }

        /// All below the user's file system.
        var names: [String] {
            get throws { try Folder.names(in: user.home).filter { !$0.hasSuffix(".debug") } }
        }
    }

    @Test(arguments: rows)
    func eachCommandTakesWhatTheTableSays(row: Row) throws {
        try Kernel.run {
            let bench = try Bench()
            for (privilege, exitCode) in zip(Privilege.allCases, row.exitCodes) {
                try bench.prepare(row.before)
                let outcome = try bench.run(row.arguments, privilege)
                #expect(outcome.status == exitCode, "\(privilege): \(outcome.output)")
                if exitCode == 77 {
                    let text = row.saying ?? privilege.lacking
                    #expect(outcome.output.contains(text), "\(privilege): \(outcome.output)")
                    #expect(outcome.output.split(separator: "\n").count <= 3, "\(outcome.output)")
                }
                // What may not create a registry leaves no half of one.
                if row.before == .nothing, exitCode != 0 { #expect(try bench.names == []) }
                if Folder.exists(bench.registry) { try bench.tearDown() }
            }
        }
    }

    @Test func theDocumentationHasTheTable() throws {
        let text = try Fixture.documentation("Privileges.md")
        let table = text.split(separator: "\n").filter { $0.hasPrefix("|") }.dropFirst(2)
        #expect(table.map(String.init) == Self.rows.map(\.text))
    }

    /// Packets, as seen by a user who never was root.
    @Test func fieldsAreSetAndGot() throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.prepare(.prebuilt)
            try bench.pair.send(20)
            let all = try eventually {
                try bench.run(["inspect-map", "state", "shared"], .none).output.contains("areas: made 20, found 20")
            }
            #expect(all)
        }
    }

    /// Its own namespace a process need not enter.
    @Test func anotherNamespaceTakesMore() throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.prepare(.field)
            let attach = ["attach-to-interface", "far0", "--netns"]
            try bench.expectSuccess(attach + ["/proc/self/ns/net"])
            let closed = try bench.run(attach + ["1"])
            #expect(closed.status == 77)
            #expect(closed.output.contains("cannot open the network namespace /proc/1/ns/net (EACCES)"))

            // A file as `ip netns` makes them, which anyone may open.
            let name = try bench.user.file("netns")
            let path = "/proc/\(ProcessID.current)/fd/\(bench.pair.sender.fd.raw)"
            #expect(try ChildProcess.run(["mount", "--bind", path, name.string]).status == 0)
            defer { _ = try? ChildProcess.run(["umount", name.string]) }
            let other = try bench.run(attach + [name.string])
            #expect(other.status == 77)
            #expect(other.output.contains("Entering one takes CAP_SYS_ADMIN"))
        }
    }

    @Test func mountingTakesMore() throws {
        try Kernel.run {
            let user = try OtherUser()
            let outcome = try user.run(
                ["create-registry", "--registry", "/sys/fs/bpf/not-mounted"],
                capabilities: Privilege.all.capabilities,
                prefix: ["unshare", "--mount", "sh", "-c", "umount /sys/fs/bpf; exec \"$@\"", "sh"])
            #expect(outcome.status == 77)
            #expect(
                outcome.output.contains(
                    "mount a BPF file system at /sys/fs/bpf: Operation not permitted (EPERM); this process lacks "
                        + "CAP_SYS_ADMIN"))
        }
    }

    /// The producer that asks the driver is loaded anew in the interface's namespace: here, the process's own.
    @Test func hardwareFieldsTakeNoMore() throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.expectSuccess(["register-field", "rx_hash", "--type", "u32", "--source", "rx-hash"])
            try bench.expectSuccess(["attach-to-interface", "far0", "--tc", "none"])
            try bench.expectSuccess(["register-field", "mark", "--type", "u8", "--source", "constant:1"])
        }
    }

    /// An administrator may make the very folder of the registry, which is then not the user's to remove.
    @Test func aFolderThatWasGivenStays() throws {
        try Kernel.run {
            let bench = try Bench()
            let home = bench.user.home.appending("given")
            try Folder.make(home)
            try #require(chown(home.string, OtherUser.id, OtherUser.id) == 0)
            try #require(chown(bench.user.home.string, 0, 0) == 0 && chmod(bench.user.home.string, 0o755) == 0)
            func names() throws -> [String] { try Folder.names(in: home) }
            let create = ["create-registry", "--registry", home.string]
            func run(_ arguments: [String]) throws -> ChildProcess.Outcome {
                try bench.user.run(arguments, capabilities: Privilege.all.capabilities)
            }
            #expect(try run(create).status == 0)
            #expect(try names() == ["attachments", "lock", "registry", "secret", "state"])
            let deleted = try run(["delete-registry", "--force", "--registry", home.string])
            #expect(deleted.status == 0, "\(deleted.output)")
            #expect(try names() == [])
            _ = try run(["delete-registry", "--force", "--registry", home.string])
            #expect(try names() == [], "the folder itself is there, whatever is said of what was in it")
        }
    }

    /// In a user namespace of its own a process has all capabilities, which bpf(2) does not ask for.
    @Test func whatAUserNamespaceLacksIsSaid() throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            let inside = ["unshare", "--user", "--map-root-user", "--net", Fixture.command]
            for command in [["register-field", "x", "--type", "u8"], ["attach-to-interface", "lo"]] {
                let refused = try ChildProcess.run(inside + command + ["--registry", scratch.path.string])
                #expect(refused.status == 77, "\(refused.output)")
                #expect(refused.output.contains("capabilities are those of a user namespace"), "\(refused.output)")
                #expect(refused.output.contains("the initial user namespace") && refused.output.contains("BPF token"))
                #expect(!refused.output.contains("ulimit"), "\(refused.output)")
            }
            let doctor = try ChildProcess.run(inside + ["doctor"])
            #expect(doctor.status != 0)
            #expect(doctor.output.contains("broken   capabilities  this process's capabilities are those of a user"))
            #expect(!doctor.output.contains("ulimit"), "\(doctor.output)")
            #expect(!doctor.output.contains("RLIMIT_MEMLOCK"), "\(doctor.output)")
        }
    }
}
