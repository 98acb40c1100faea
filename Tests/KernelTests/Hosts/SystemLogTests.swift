// SPDX-License-Identifier: BSD-2-Clause

import ArgumentParser
import Linux
import SystemPackage
import TestSupport
import Testing

@testable import PktmetaCommands

/// What commands write to the log of the machine: a line for each change.
@Suite(Kernel.required) struct SystemLogTests {
    enum Place: String, CaseIterable {
        case journal = "/run/systemd/journal/socket"
        case syslog = "/dev/log"
    }

    /// A /run and a /dev of its own, with a namespace `blue` that v1 is in.
    private static let setup = """
        mount -t tmpfs tmpfs /run
        mkdir -p /run/dev /run/systemd/journal
        mount --rbind /dev /run/dev
        mount -t tmpfs -o mode=755 tmpfs /dev
        for node in null zero full random urandom tty; do touch /dev/$node; mount --bind /run/dev/$node /dev/$node; done
        ln -s /proc/self/fd /dev/fd
        listen() { touch $2; mount --bind $1 $2; }
        quietly ip netns add blue
        quietly ip link set v1 netns blue

        """

    /// Runs a script in a world of its own.
    ///
    /// - Parameter place: where the socket is put; nil for none.
    static func run(
        _ script: String, registry: FilePath, _ socket: LogSocket, at place: Place? = .journal
    ) throws -> (lines: [String], datagrams: [String]) {
        let listening = place.map { "listen \(socket.path) \($0.rawValue)\n" } ?? ""
        let sharing = ["--mount", "--propagation", "private", "--net", "--ipc"]
        let run = try socket.receiving {
            try OddWorldTests.run(setup + listening + script, registry: registry.string, sharing: sharing)
        }
        return (run.value, run.datagrams)
    }

    /// Who runs the tests, as lines have it.
    private static let who = "uid 0" + (LoginUser.current.map { ", login uid \($0)" } ?? "")

    // MARK: What is written

    private struct Line {
        let text: String

        /// The first of that name; nil if there is none.
        subscript(_ name: String) -> String? {
            text.split(separator: "\n").first { $0.hasPrefix("\(name)=") }.map { String($0.dropFirst(name.count + 1)) }
        }

        /// What it says of the change, without who made it and where.
        var sentence: String {
            let message = self["MESSAGE"] ?? text
            let (registry, verb) = (self["PKTMETA_REGISTRY"] ?? "", self["PKTMETA_VERB"] ?? "")
            let end = "; registry \(registry), by \(verb), \(SystemLogTests.who)"
            return message.hasSuffix(end) ? String(message.dropLast(end.count)) : "bad end: \(message)"
        }
    }

    /// One of its own.
    private static func cgroup(_ registry: FilePath) -> String {
        "/run/cgroup/\(registry.lastComponent?.string ?? "pktmeta-test")"
    }

    /// A life of a registry, and what it is to leave in the log, by the command.
    private static func life(_ registry: FilePath) -> String {
        """
        pktmeta create-registry --capacity 64 --mode-bits 0644
        pktmeta create-registry --capacity 64 --mode-bits 0644
        pktmeta create-registry --mode-bits 0600
        for name in a b c; do pktmeta register-field $name --type bytes:13; done
        pktmeta register-field a --type bytes:13
        try register-field a --type u32
        try register-field d --type bytes:64
        pktmeta attach-to-interface v1 --netns blue
        pktmeta attach-to-interface v1 --netns blue --tc prebuilt
        pktmeta attach-to-interface v1 --netns blue --tc scrub
        try attach-to-interface v2 --netns blue
        for reader in status inspect-map "export-btf /dev/null" "export-fields /dev/null" "generate-header /dev/null" layout-digest doctor "doctor v0" \
            "watch v0 --count 1" "demo --packets 1" "bench programs --rounds 6"; do
            PKTMETA_REGISTRY=\(registry) timeout -s TERM 5 \(Fixture.command) $reader > /dev/null 2>&1 &
        done
        wait
        try unregister-field nosuch
        ip netns exec blue timeout 30 \(Fixture.command) unregister-field b --registry \(registry)
        pktmeta compact
        pktmeta compact
        pktmeta reset-state c > /dev/null
        pktmeta reset-state --areas > /dev/null
        try reset-state nosuch
        pktmeta register-field key --type u32
        pktmeta create-steering workers --field key --sockets 4 > /dev/null
        pktmeta create-steering workers --field key --sockets 4 > /dev/null
        pktmeta create-steering workers --field key --sockets 4 --share-with 7 > /dev/null 2>&1
        pktmeta delete-steering workers
        try delete-steering workers
        pktmeta unregister-field key
        pktmeta attach-to-netfilter \(Fixture.object("plain_filters")):accept --hook input --family ipv4 --netns blue
        pktmeta detach-from-netfilter --netns blue
        mkdir /run/cgroup
        mount -t cgroup2 none /run/cgroup
        mkdir \(cgroup(registry))
        pktmeta attach-to-cgroup \(cgroup(registry)) --egress \(Fixture.object("plain_filters"))
        pktmeta detach-from-cgroup \(cgroup(registry))
        rmdir \(cgroup(registry))
        pktmeta detach-from-interface v1 --netns blue --xdp
        try detach-from-interface v1 --netns blue --xdp
        ip netns exec blue ip link delete v1
        pktmeta repair
        pktmeta repair
        quietly ip link add v0 type veth peer name v1
        pktmeta attach-to-interface v0 --xdp none --tc prebuilt
        fields='fields: {new: {type: "bytes:13"}}, layout: {new: {id: 0x01002a10, offset: 40}}'
        declare() { printf '%s' "{owner: acme, $fields$1}"; }
        declare > /run/host.yaml
        pktmeta plan /run/host.yaml > /dev/null
        pktmeta diff /run/host.yaml > /dev/null
        pktmeta apply /run/host.yaml > /dev/null
        pktmeta apply /run/host.yaml > /dev/null
        pktmeta export > /dev/null --of acme
        declare ', interfaces: [{name: v0, tc-egress: scrub}]' > /run/host.yaml
        timeout -s TERM 3 \(Fixture.command) follow /run/host.yaml --registry \(registry) > /dev/null
        pktmeta detach-from-interface v0 --tc-egress
        printf '%s' '{"cniVersion": "1.0.0", "name": "n", "declaration": "/run/host.yaml", "registry": "\(registry)",
          "prevResult": {"interfaces": [{"name": "v0"}]}}' > /run/network
        CNI_COMMAND=ADD CNI_CONTAINERID=c CNI_NETNS=/run/netns/blue CNI_IFNAME=v1 \(Fixture.command) cni < /run/network > /dev/null
        pktmeta detach-from-interface v0 --tc-egress
        try delete-registry
        pktmeta delete-registry --force
        try delete-registry --force
        pktmeta create-registry --capacity 64
        pktmeta attach-to-interface v0 --xdp none --tc prebuilt
        pktmeta remove-from-host --force --registry \(registry)
        pktmeta remove-from-host --force --registry \(registry)
        """
    }

    private static func sentences(ids: [String], cookie: String, cgroup: String) -> [String: [String]] {
        func field(_ name: String, _ index: Int) -> String { "field \(name), id \(ids[index]), type bytes:13" }
        let key = "field key, id \(ids[4]), type u32"
        let here = "in network namespace cookie \(cookie)"
        return [
            "create-registry": [
                "created the registry, 64 bytes a packet", "changed who may read the registry: mode 0644",
                "changed who may read the registry: mode 0600", "created the registry, 64 bytes a packet",
            ],
            "register-field": ["a", "b", "c"].enumerated().map { "registered " + field($1, $0) }
                + ["registered \(key)"],
            "create-steering": [
                "created the steering workers by \(key), to 4 sockets",
                "created the steering workers by \(key), to 4 sockets, shared with group 7",
            ],
            "delete-steering": ["deleted the steering workers"],
            "attach-to-interface": [
                "attached producer to XDP of v1 in network namespace blue (native)",
                "attached consumer to TC ingress of v1 in network namespace blue (tcx)",
                "attached scrub in place of what was attached to TC ingress of v1 in network namespace blue (tcx)",
                "attached consumer to TC ingress of v0 \(here) (tcx)",
                "attached consumer to TC ingress of v0 \(here) (tcx)",
            ],
            "unregister-field": ["unregistered " + field("b", 1), "unregistered \(key)"],
            "attach-to-netfilter": [
                "attached accept to netfilter of ipv4 input, priority 7 in network namespace blue (link)"
            ],
            "detach-from-netfilter": [
                "detached accept from netfilter of ipv4 input, priority 7 in network namespace blue (link)"
            ],
            "attach-to-cgroup": ["attached accept_at_cgroup to cgroup egress of \(cgroup) (link)"],
            "detach-from-cgroup": ["detached accept_at_cgroup from cgroup egress of \(cgroup) (link)"],
            "apply": ["registered field new, id 0x01002a10, type bytes:13"],
            "follow": ["attached scrub to TC egress of v0 \(here) (tcx)"],
            "cni": ["attached scrub to TC egress of v0 \(here) (tcx)"],
            "plan": [], "diff": [], "export": [],
            "reset-state": [
                "reset the state of \(field("c", 2))", "reset the state of \(field("a", 0))",
                "reset the state of \(field("c", 2))", "reset the counts of areas",
            ],
            "compact": ["moved \(field("c", 2)) to offset 21"],
            "detach-from-interface": [
                "detached producer from XDP of v1 in network namespace blue (native)",
                "detached scrub from TC egress of v0 \(here) (tcx)",
                "detached scrub from TC egress of v0 \(here) (tcx)",
            ],
            "repair": [
                "finished what another command had begun: v1: TC ingress: scrub: forgotten, since its "
                    + "interface is gone or others have detached it"
            ],
            "delete-registry": ["detached consumer from TC ingress of v0 \(here) (tcx)", "deleted the registry"],
            "remove-from-host": ["detached consumer from TC ingress of v0 \(here) (tcx)", "deleted the registry"],
            "status": [], "inspect-map": [], "watch": [], "trace": [], "export-btf": [], "export-fields": [],
            "generate-header": [], "layout-digest": [],
            "doctor": [], "demo": [], "bench": [],
        ]
    }

    /// Each command is here, so that a new one that writes cannot forget to say so.
    @Test func eachChangeIsALine() throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            let (lines, datagrams) = try Self.run(Self.life(scratch.path), registry: scratch.path, LogSocket())
            let written = datagrams.map(Line.init)
            let ids = lines.filter { $0.hasPrefix("0x") }
            try #require(ids.count == 5, "\(lines)")
            let cookie = try #require(written.compactMap { $0["PKTMETA_NETNS_COOKIE"] }.first)
            let expected = Self.sentences(ids: ids, cookie: cookie, cgroup: Self.cgroup(scratch.path))
            for command in Pktmeta.configuration.subcommands {
                let verb = command._commandName
                let sentences = try #require(expected[verb], "what \(verb) writes to the log is not said here")
                #expect(written.filter { $0["PKTMETA_VERB"] == verb }.map(\.sentence) == sentences)
                // Those that compare a host wait for others, too; a container runtime gives no options.
                let waits = verb == "cni" || Pktmeta.helpMessage(for: command).contains("--lock-timeout")
                let writes = waits && !["plan", "diff"].contains(verb)
                #expect(writes == !sentences.isEmpty, "\(verb)")
            }
            #expect(written.count == expected.values.reduce(0) { $0 + $1.count }, "\(datagrams)")
            let page = try Fixture.documentation("SystemLog.md")
            #expect(page.contains(Context.messageID))
            for line in written {
                for name in line.text.matches(of: /(PKTMETA_\w+)=/) { #expect(page.contains("`\(name.1)`")) }
                #expect(page.contains("`\(line["PKTMETA_CHANGE"] ?? "none")`"))
            }
            #expect(written.allSatisfy { $0["PKTMETA_REGISTRY"] == scratch.path.string && $0["PRIORITY"] == "5" })
        }
    }

    /// To the byte, but for the number of the process.
    @Test(arguments: Place.allCases) func aLine(place: Place) throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            let script = """
                echo 4242 > /proc/self/loginuid
                pktmeta register-field tenant --type u32
                """
            let (lines, datagrams) = try Self.run(script, registry: scratch.path, LogSocket(), at: place)
            let id = try #require(lines.last { $0.hasPrefix("0x") }, "\(lines)")
            let end = "; registry \(scratch.path), by register-field, uid 0, login uid 4242"
            let message = "registered field tenant, id \(id), type u32\(end)"
            try #require(datagrams.count == 2, "\(datagrams)")
            let expected =
                switch place {
                case .syslog: "<85>pktmeta[PID]: \(message)"
                case .journal:
                    """
                    MESSAGE=\(message)
                    MESSAGE_ID=\(Context.messageID)
                    PRIORITY=5
                    SYSLOG_FACILITY=10
                    SYSLOG_IDENTIFIER=pktmeta
                    SYSLOG_PID=PID
                    PKTMETA_CHANGE=registered
                    PKTMETA_REGISTRY=\(scratch.path)
                    PKTMETA_VERB=register-field
                    PKTMETA_UID=0
                    PKTMETA_LOGIN_UID=4242
                    PKTMETA_FIELD=tenant
                    PKTMETA_FIELD_ID=\(id)

                    """
                }
            let line = datagrams[1].replacing(/pktmeta\[\d+\]/, with: "pktmeta[PID]")
                .replacing(/SYSLOG_PID=\d+/, with: "SYSLOG_PID=PID")
            #expect(line == expected)
        }
    }

    /// A value with a line feed is not a further field, and a line for people stays one line.
    @Test(arguments: Place.allCases) func aNameWithLineFeeds(place: Place) throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            let script = """
                pktmeta create-registry
                pktmeta delete-registry --force
                """
            let path = FilePath("\(scratch.path)\nPRIORITY=0\u{202e}")
            let datagrams = try Self.run(script, registry: FilePath("$'\(path)'"), LogSocket(), at: place).datagrams
            let shown = "\(scratch.path)\\x0aPRIORITY=0\\xe2\\x80\\xae"
            try #require(datagrams.count == 2)
            #expect(datagrams[1].contains("deleted the registry; registry \(shown), by delete-registry, \(Self.who)"))
            guard place == .journal else { return }
            let count = UInt8(path.string.utf8.count)
            let length = String(decoding: [count, 0, 0, 0, 0, 0, 0, 0], as: UTF8.self)
            #expect(datagrams[1].contains("\nPKTMETA_REGISTRY\n\(length)\(path)\nPKTMETA_VERB=delete-registry\n"))
        }
    }

    /// What is left of a change, and what finishes it.
    @Test func whatIsHalfDone() throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            let script = """
                pktmeta create-registry
                mkdir \(scratch.path)/foreign
                try delete-registry --force
                rmdir \(scratch.path)/foreign
                try delete-registry --force
                """
            let (lines, datagrams) = try Self.run(script, registry: scratch.path, LogSocket())
            #expect(lines == ["delete-registry 79", "delete-registry 0"])
            let written = datagrams.dropFirst().map(Line.init)
            let done = "0 of 0 attachments are detached, but not all that goes with it is done: remove its pins:"
            let remedy = "pktmeta delete-registry --force --registry \(scratch.path) goes on with it."
            try #require(written.count == 2, "\(datagrams)")
            #expect(written[0].sentence.hasPrefix(done) && written[0].sentence.hasSuffix(". \(remedy)"), "\(written)")
            #expect(written.map { $0["PRIORITY"] } == ["4", "5"])
            #expect(written.map { $0["PKTMETA_CHANGE"] } == ["unfinished", "deleted"])
        }
    }

    /// Fields that a failed command registered and took back; and programs that go with their process.
    @Test func whatDoesNotStay() throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            let object = Fixture.object("application")
            let script = """
                pktmeta create-registry
                try attach-to-interface v0 --xdp none --tc \(object):steer --register-missing --tc-mode clsact --no-pin
                mkfifo /run/told
                timeout 30 \(Fixture.command) attach-to-interface v0 --xdp prebuilt --no-pin --registry \(scratch.path) \
                    2> /run/told > /dev/null & held=$!
                grep -q "until this process ends" /run/told
                kill -TERM $held; wait $held; echo $?
                """
            let (lines, datagrams) = try Self.run(script, registry: scratch.path, LogSocket())
            #expect(lines == ["attach-to-interface 64", "0"])
            let sentences = datagrams.map { Line(text: $0).sentence.replacing(/cookie \d+/, with: "cookie N") }
            let place = "XDP of v0 in network namespace cookie N (native)"
            #expect(
                sentences.dropFirst() == [
                    "attached producer to \(place) for as long as this process lives",
                    "detached producer from \(place)",
                ])
        }
    }

    // MARK: Where it is written

    /// What is no log, or none for this process, costs nothing.
    @Test(arguments: [
        "true", "touch LOG", "mkdir LOG", "mkfifo LOG", "ln -s nowhere LOG", "ln -s LOG LOG", "listen WRONG LOG",
        "listen RIGHT LOG; chmod 000 LOG",
    ])
    func noLog(preparation: String) throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            let (right, wrong) = (try LogSocket(), try LogSocket(isStream: true))
            let script = Place.allCases.map { place in
                preparation.replacing("LOG", with: place.rawValue).replacing("RIGHT", with: right.path.string)
                    .replacing("WRONG", with: wrong.path.string)
            }.joined(separator: "\n")
            let command = """

                setpriv --bounding-set -dac_override,-dac_read_search timeout 30 \(Fixture.command) \
                    register-field tenant --type u32 --registry \(scratch.path) 2>&1 | sed s/0x.*/id/
                echo ${PIPESTATUS[0]}
                find /run/systemd/journal/socket /dev/log -type f -size +0 2> /dev/null
                """
            let (lines, datagrams) = try Self.run(script + command, registry: scratch.path, right, at: nil)
            #expect(lines == ["id", "0"])
            #expect(datagrams.isEmpty)
        }
    }

    /// As systemd has it for programs that know no more than syslog; and what is no journal is passed over.
    @Test(arguments: ["true", "touch JOURNAL", "listen WRONG JOURNAL", "mkdir JOURNAL"])
    func aLinkToTheLog(preparation: String) throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            let (right, wrong) = (try LogSocket(), try LogSocket(isStream: true))
            let script = """
                \(preparation.replacing("JOURNAL", with: Place.journal.rawValue).replacing("WRONG", with: wrong.path.string))
                listen \(right.path) /run/systemd/journal/dev-log
                ln -s /run/systemd/journal/dev-log /dev/log
                try create-registry
                """
            let (lines, datagrams) = try Self.run(script, registry: scratch.path, right, at: nil)
            #expect(lines == ["create-registry 0"])
            #expect(datagrams.count == 1 && datagrams[0].hasPrefix("<85>pktmeta["), "\(datagrams)")
        }
    }

    /// A log that takes no more loses lines, and no command waits for it or fails.
    @Test(arguments: Place.allCases) func aFullLog(place: Place) throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            let socket = try LogSocket()
            let script =
                Self.setup + """
                    listen \(socket.path) \(place.rawValue)
                    for i in $(seq 20); do try register-field f$i --type flag; done
                    """
            let sharing = ["--mount", "--propagation", "private", "--net"]
            let lines = try OddWorldTests.run(script, registry: scratch.path.string, sharing: sharing)
            #expect(lines == [String](repeating: "register-field 0", count: 20))
            let limit = try #require(Int(WholeFile.text("/proc/sys/net/unix/max_dgram_qlen").dropLast()))
            let names = socket.waiting().compactMap { $0.firstMatch(of: /registered field (f\d+)/)?.1 }
            // One that creates the registry, and as many more as fit.
            #expect(names.map(String.init) == (1...20).prefix(limit).map { "f\($0)" })
        }
    }
}
