// SPDX-License-Identifier: BSD-2-Clause

import Linux
import RegistryModel
import SystemPackage
import Testing

@testable import DeclarationFiles
@testable import PacketMetadata

/// What a document says, and what is said of one that is wrong.
@Suite struct DocumentReadingTests {
    /// Each key, in the ways in which it can be written.
    static let whole = """
        owner: acme
        registry:
          path: /sys/fs/bpf/other
          capacity: 128
          statistics: none
          mode-bits: "0640"
          group: "0"
        fields:
          tenant:
            type: u32
            source: constant:7
            sample: 10
            sink: mark:0xff
            private: true
            sockets: false
          rx_timestamp: {type: u64, source: rx-timestamp, hardware: required}
          seen: {type: flag, source: constant}
        interfaces:
          - name: eth*
            netns: blue
            mode: native
            tc-mode: clsact
            xdp: [prebuilt, /lib/police.bpf.o:police]
            tc: own.bpf.o
            tc-egress: scrub
            tc-order: {before: other}
          - name: lan0
          - {name: lan1, tc: prebuilt, tc-order: last}
        cgroups:
          - path: /sys/fs/cgroup/app
            ingress: [in.bpf.o]
            egress: out.bpf.o:leave
            sockets: [next, batch]
          - {unit: nginx.service, sockets: all}
        netfilter:
          - {hook: input, program: filter.bpf.o}
          - family: ipv6
            hook: forward
            priority: raw-5
            netns: blue
            defragment: true
            program: filter.bpf.o:drop
        layout:
          tenant: {id: 0x01002a03, offset: 12}

        """

    static func read(_ text: String) throws(PacketMetadataError) -> HostDeclaration {
        try DeclarationFiles.read(bytes: Array(text.utf8), named: "d.yaml", in: "/etc/pktmeta.d")
    }

    /// `LINE:COLUMN case` of each fault.
    static func faults(_ bytes: [UInt8]) -> [String] {
        do throws(PacketMetadataError) {
            _ = try DeclarationFiles.read(bytes: bytes, named: "d.yaml", in: "/etc/pktmeta.d")
            return []
        } catch {
            guard case DeclarationRefusal.faultyDocuments(let faults, _) = error.refusal else { return ["\(error)"] }
            return faults.map { fault in
                let name = "\(fault.problem)".prefix { $0.isLetter || $0.isNumber }
                return "\(fault.place?.line ?? 0):\(fault.place?.column ?? 0) \(name)"
            }
        }
    }

    @Test func eachKeyIsRead() throws {
        let declaration = try Self.read(Self.whole)
        #expect(declaration.owners == ["acme"])
        #expect(
            declaration.registry
                == RegistryDeclaration(
                    path: "/sys/fs/bpf/other", capacity: 128, statistics: Statistics.none,
                    access: try PinAccess(modeBits: "0640", group: "0")))
        let fields = declaration.fields
        #expect(fields.map(\.definition.name.text) == ["tenant", "rx_timestamp", "seen"])
        #expect(
            fields[0].definition
                == (try FieldDefinition(
                    name: FieldName("tenant"), type: .u32, source: .constant([7, 0, 0, 0]), sink: .mark(mask: 0xff),
                    sample: 10, owner: "acme", isPrivate: true, isForSockets: false)))
        #expect(fields.map(\.requiresHardware) == [false, true, false])
        #expect(fields[1].place.description == "d.yaml:16:3")
        #expect(fields[2].definition.source == .constant([]))
        #expect(declaration.layout.map(\.description) == ["tenant 0x01002a03 12 d.yaml:44:3"])
    }

    @Test func eachAttachmentIsRead() throws {
        let attachments = try Self.read(Self.whole).attachments
        #expect(attachments.count == 8)
        #expect(attachments.allSatisfy { $0.owner == "acme" })
        #expect(attachments[0].target == .interfaces("eth*", netns: "blue"))
        #expect(
            attachments[0].programs == [
                .xdp: [.prebuilt, .object("/lib/police.bpf.o", program: "police")],
                .tcIngress: [.object("/etc/pktmeta.d/own.bpf.o", program: nil)], .tcEgress: [.scrub],
            ])
        #expect(attachments[0].modes == [.xdp: .native, .tcIngress: .clsact, .tcEgress: .clsact])
        #expect(attachments[0].placement == .before("other"))
        #expect(attachments[0].place.description == "d.yaml:19:5")
        #expect(attachments[1].programs == [.xdp: [.prebuilt], .tcIngress: [.prebuilt]])
        #expect(attachments[2].programs == [.tcIngress: [.prebuilt]])
        #expect(attachments[2].placement == .last)
        #expect(attachments[3].target == .cgroup("/sys/fs/cgroup/app"))
        #expect(attachments[3].programs[.cgroupIngress] == [.object("/etc/pktmeta.d/in.bpf.o", program: nil)])
        #expect(attachments[3].programs[.cgroupEgress] == [.object("/etc/pktmeta.d/out.bpf.o", program: "leave")])
        #expect(attachments[3].programs[.socketGet] == [.sockets([.next, .batch])])
        #expect(attachments[3].programs[.socketIngress] == [])
        #expect(attachments[4].target == .unit("nginx.service"))
        #expect(attachments[4].programs == SocketWays.all.programs)
        let usual = NetfilterHook(.ipv4, .input, priority: 7)
        #expect(attachments[5].target == .netfilter(usual, netns: nil))
        #expect(attachments[6].target == .netfilter(NetfilterHook(.ipv6, .input, priority: 7), netns: nil))
        #expect(attachments[6].modes == [.netfilter: .link])
        #expect(
            attachments[7].target == .netfilter(NetfilterHook(.ipv6, .forward, priority: -305), netns: "blue"))
        #expect(attachments[7].modes == [.netfilter: .defragmenting])
    }

    @Test func aFileWithColonsIsNoProgram() throws {
        let folder = try ScratchFiles()
        try folder.write("a:b", "")
        let text = "owner: a\ninterfaces: [{name: e, xdp: ['a:b', 'c:d']}]"
        let declaration = try DeclarationFiles.read(bytes: Array(text.utf8), named: "d", in: folder.path)
        #expect(
            declaration.attachments[0].programs[.xdp] == [
                .object(folder.path.appending("a:b"), program: nil),
                .object(folder.path.appending("c"), program: "d"),
            ])
    }

    @Test(arguments: [
        "owner: a\r\nfields:\r\n  x: {type: u8}\r\n", "\u{feff}owner: a\nfields: {x: {type: u8}}",
        "{\n\t\"owner\": \"a\",\n\t\"fields\": {\"x\": {\"type\": \"u8\"}}\n}",
        "%YAML 1.2\n---\nowner: a\nfields: {x: {type: 'u8'}}\n...\n",
        "owner: a\nfields: {x: {type: u8, sample: \"1\", private: 'false'}}\ninterfaces:\ncgroups: []\nregistry:\ninclude:\n",
    ])
    func itIsReadHoweverItIsWritten(text: String) throws {
        #expect(try Self.read(text).fields.map(\.definition.name.text) == ["x"])
    }

    @Test(arguments: [
        // The text.
        ("owner: \u{7}", ["1:8 controlCharacter"]), ("owner: a\nx: \"\\0\"", ["2:4 controlCharacter"]),
        ("owner: a\nfields:\n\tx: {type: u8}", ["3:1 tab"]), ("owner: [a", ["2:1 syntax"]),
        ("owner: a\n---\nowner: b", ["2:1 secondDocument"]),
        ("owner: &x a", ["1:8 anchor"]), ("owner: *x", ["1:8 alias"]), ("owner: !x a", ["1:8 tag"]),
        ("owner: !!str a", ["1:8 tag"]), ("%TAG ! tag:x,2000:\n---\nowner: a", ["1:1 tag"]),
        ("owner: a\nregistry: {<<: {capacity: 64}}", ["2:12 mergeKey"]),
        ("x: " + String(repeating: "[", count: 17), ["1:19 tooDeep"]),
        ("owner: a\n? [x]\n: y", ["2:3 keyIsNoText"]), ("owner: a\nowner: b", ["2:1 duplicateKey"]),
        ("", ["1:1 missingKey"]), ("# nothing\n", ["1:1 missingKey"]), ("---\n", ["1:1 missingKey"]),
        // What stands where.
        ("- owner: a", ["1:1 wrongKind"]), ("owner: {a: b}", ["1:8 wrongKind"]), ("owner:", ["1:7 emptyValue"]),
        ("owner: a\nfields: [x]", ["2:9 wrongKind"]), ("owner: a\ninterfaces: {name: x}", ["2:13 wrongKind"]),
        ("owner: a\ninterfaces: [{name: x, xdp: {a: b}}]", ["2:29 wrongKind"]),
        ("owner: a\nfield: {}", ["2:1 unknownKey"]),
        ("owner: a\nfields: {x: {typ: u8}}", ["2:10 missingKey", "2:14 unknownKey"]),
        ("fields: {}", ["1:1 missingKey"]),
        ("owner: a\ninterfaces: [{xdp: scrub}]", ["2:14 missingKey"]),
        ("owner: a\ncgroups: [{sockets: all}]", ["2:11 notOneOf"]),
        ("owner: a\ncgroups: [{path: /x, unit: y, sockets: all}]", ["2:11 notOneOf"]),
        ("owner: a\ncgroups: [{path: /x}]", ["2:11 noneOf"]),
        ("owner: a\nnetfilter: [{}]", ["2:13 missingKey", "2:13 missingKey"]),
        ("owner: a\ninterfaces: [{name: x, tc: prebuilt, mode: native}]", ["2:44 keyWithout"]),
        (
            "owner: a\ninterfaces: [{name: x, xdp: prebuilt, tc-mode: tcx, tc-order: first}]",
            ["2:48 keyWithout", "2:63 keyWithout"]
        ),
        ("owner: a\nlayout: {x: {id: 1}}", ["2:10 missingKey", "2:18 refused"]),
        // What texts mean.
        ("owner: " + String(repeating: "a", count: 32), ["1:8 refused"]),
        ("owner: a\nregistry: {statistics: some}", ["2:24 unknownWord"]),
        ("owner: a\nregistry: {capacity: 65}", ["2:22 badCapacity"]),
        ("owner: a\nregistry: {path: x}", ["2:18 relativePath"]),
        ("owner: a\nregistry: {mode-bits: 0666}", ["2:23 refused"]),
        ("owner: a\nregistry: {group: no-such-group}", ["2:19 refused"]),
        ("owner: a\nfields: {1x: {type: u8}, y: {type: u9}}", ["2:10 refused", "2:36 refused"]),
        ("owner: a\nfields: {x: {type: u8, source: ktime, sink: nowhere}}", ["2:32 refused", "2:45 refused"]),
        ("owner: a\nfields: {x: {type: u8, sample: 2}}", ["2:10 refused"]),
        ("owner: a\nfields: {x: {type: u8, sample: -2}}", ["2:32 badNumber"]),
        ("owner: a\nfields: {x: {type: u8, private: yes}}", ["2:33 unknownWord"]),
        ("owner: a\nfields: {x: {type: u8, hardware: wanted}}", ["2:34 hardwareWithoutSource"]),
        ("owner: a\nfields: {x: {type: u8, hardware: sometimes}}", ["2:34 unknownWord"]),
        ("owner: a\ninterfaces: [{name: x, netns: /proc/1, mode: tcx}]", ["2:31 badNetns", "2:46 unknownWord"]),
        (
            "owner: a\ninterfaces: [{name: a/b}, {name: '..'}, {name: 'a b'}]",
            ["2:21 badInterface", "2:34 badInterface", "2:48 badInterface"]
        ),
        ("owner: a\ninterfaces: [{name: \(String(repeating: "x", count: 128))}]", ["2:21 badInterface"]),
        ("owner: a\ninterfaces: [{name: x, xdp: [':x', 'y:']}]", ["2:30 badProgram", "2:36 badProgram"]),
        ("owner: cni", ["1:8 reservedOwner"]),
        ("owner: a\ninterfaces: [{name: x, netns: 1}]", ["2:31 badNetns"]),
        ("owner: a\ninterfaces: [{name: x, tc-order: middle}]", ["2:34 unknownWord"]),
        ("owner: a\ninterfaces: [{name: x, tc-order: {before: x, after: y}}]", ["2:34 notOneOf"]),
        ("owner: a\ncgroups: [{path: x, sockets: sometimes}]", ["2:18 relativePath", "2:30 unknownWord"]),
        ("owner: a\ncgroups: [{unit: x, sockets: []}]", ["2:30 emptyValue"]),
        (
            "owner: a\nnetfilter: [{hook: in, family: ip, priority: x, program: y}]",
            ["2:20 unknownWord", "2:32 unknownWord", "2:46 badPriority"]
        ),
        ("owner: a\nlayout: {x: {id: 0x01002a03, offset: 1000}}", ["2:38 badNumber"]),
        ("owner: a\nlayout: {x: {id: x, offset: 12}}", ["2:18 badNumber"]),
    ])
    func eachFaultIsSaidWithItsPlace(text: String, faults: [String]) {
        #expect(Self.faults(Array(text.utf8)) == faults)
    }

    @Test func whatIsNoUTF8IsSaidWithItsPlace() {
        #expect(Self.faults(Array("owner: a\nfields: \u{e9}".utf8) + [0xff]) == ["2:10 notUTF8"])
        // UTF-16, which libyaml would read.
        #expect(Self.faults([0xff, 0xfe, 0x6f, 0]) == ["1:1 notUTF8"])
        #expect(Self.faults([0x6f, 0]) == ["1:2 controlCharacter"])
    }

    /// So that a wrong document takes a few readings to be right, and not one a fault.
    @Test func allFaultsAreSaidUpToALimit() {
        let lines = (1...30).map { "  x\($0): {type: u\($0 + 100)}" }
        do throws(PacketMetadataError) {
            _ = try Self.read("owner: a\nfields:\n" + lines.joined(separator: "\n"))
            Issue.record("it was read")
        } catch {
            guard case DeclarationRefusal.faultyDocuments(let faults, let more) = error.refusal else {
                Issue.record("\(error)")
                return
            }
            #expect(faults.map(\.place?.line) == (3...22).map { $0 })
            #expect(more == 10)
            #expect(error.kind == .badData)
        }
    }

    /// What libyaml would take long for, or much memory.
    @Test(arguments: ["[", "{", "- ", "? ", "{a: ", "[[a, ", "\"", "&a ", "!a ", "a: &a [*a, ", "%", "|\n", "\u{85}"])
    func hugeDocumentsEnd(text: String) {
        let bytes = Array(String(repeating: text, count: (1 << 20) / text.utf8.count).utf8)
        #expect(!Self.faults(bytes).isEmpty)
    }
}

extension PlacedField {
    fileprivate var description: String { "\(name) \(id) \(offset) \(place?.description ?? "nowhere")" }
}
