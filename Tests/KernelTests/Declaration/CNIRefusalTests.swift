// SPDX-License-Identifier: BSD-2-Clause

import Linux
import TestSupport
import Testing

@testable import PacketMetadata

/// What a runtime, or somebody who plays one, asks for wrongly: an error in JSON each, and nothing else on the output.
@Suite(Kernel.required) struct CNIRefusalTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var variables: [String: String?] = [:]
        /// Of the configuration, what is there and what is to be.
        var change: (from: String, to: String)?
        /// In place of the whole configuration.
        var input: String?
        let code: Int
        let saying: [String]
    }

    static let rows: [Row] = [
        Row(
            testDescription: "no command", variables: ["CNI_COMMAND": nil], code: 4, saying: ["CNI_COMMAND is missing"]),
        Row(
            testDescription: "unknown command", variables: ["CNI_COMMAND": "add"], code: 4,
            saying: ["CNI_COMMAND='add'", "ADD, DEL, CHECK"]),
        Row(
            testDescription: "variables missing", variables: ["CNI_NETNS": nil, "CNI_IFNAME": ""], code: 4,
            saying: ["CNI_NETNS, CNI_IFNAME are missing"]),
        Row(
            testDescription: "bad container id", variables: ["CNI_CONTAINERID": "../x"], code: 4,
            saying: ["CNI_CONTAINERID='../x'"]),
        Row(
            testDescription: "long interface", variables: ["CNI_IFNAME": "eth0123456789012"], code: 4,
            saying: ["CNI_IFNAME='eth0123456789012'", "15"]),
        Row(
            testDescription: "blank in interface", variables: ["CNI_IFNAME": "a b"], code: 4,
            saying: ["CNI_IFNAME='a b'"]),
        Row(
            testDescription: "netns that is not there", variables: ["CNI_NETNS": "/run/netns/pktmeta-nosuch"], code: 4,
            saying: ["/run/netns/pktmeta-nosuch"]),
        Row(
            testDescription: "netns that is none", variables: ["CNI_NETNS": "/dev/null"], code: 165,
            saying: ["/dev/null"]),
        Row(
            testDescription: "no JSON", change: ("\"type\"", "type"), code: 6,
            saying: ["(standard input):1:40", "a key, in quotes"]),
        Row(testDescription: "nothing", input: "", code: 6, saying: ["(standard input):1:1", "a value"]),
        Row(
            testDescription: "cut short", input: "{\"cniVersion\": \"1.0.0\"", code: 6,
            saying: ["1:23", "a comma or }"]),
        Row(
            testDescription: "oversized", input: "{\"x\":\"" + String(repeating: "a", count: 1 << 20) + "\"}", code: 6,
            saying: ["1024 KiB"]),
        Row(
            testDescription: "version of the future", change: ("1.0.0", "9.0.0"), code: 1,
            saying: ["9.0.0 is not supported"]),
        Row(testDescription: "no version", change: ("\"cniVersion\"", "\"v\""), code: 1, saying: ["no cniVersion"]),
        Row(testDescription: "bad name", change: ("\"net\"", "\"../net\""), code: 7, saying: ["'../net'"]),
        Row(
            testDescription: "no name", change: ("\"name\": \"net\"", "\"nam\": 1"), code: 7,
            saying: ["name is missing"]),
        Row(
            testDescription: "not chained", change: ("\"prevResult\"", "\"prev\""), code: 7,
            saying: ["no prevResult"]),
        Row(
            testDescription: "relative documents", change: ("\"declaration\": \"", "\"declaration\": \"x"), code: 7,
            saying: ["does not begin with /"]),
        Row(
            testDescription: "misspelled key of an interface", change: ("\"xdp\"", "\"xpd\""), code: 7,
            saying: ["there is no key xpd", "xdp"]),
        Row(
            testDescription: "a namespace in the container", change: ("\"xdp\"", "\"netns\": \"x\", \"xdp\""), code: 7,
            saying: ["there is no key netns"]),
        Row(
            testDescription: "no documents", change: ("\"declaration\": \"", "\"declaration\": \"/nosuch"), code: 166,
            saying: ["/nosuch"]),
        Row(
            testDescription: "an object that is not there",
            change: ("\"prebuilt\", \"tc\"", "\"/nosuch.bpf.o\", \"tc\""), code: 165, saying: ["/nosuch.bpf.o"]),
    ]

    @Test(arguments: rows)
    func isSaid(row: Row) throws {
        try Kernel.run {
            let node = try ContainerNode("owner: acme\nfields: {tenant: {type: u32}}\n")
            let pod = try node.pod()
            var variables = ContainerNode.variables("ADD", pod)
            for (name, value) in row.variables { variables[name] = value }
            var input = row.input ?? node.configuration(ContainerNode.container, previous: pod.result)
            if let change = row.change {
                #expect(input.contains(change.from))
                input = input.replacing(change.from, with: change.to, maxReplacements: 1)
            }
            let answer = try node.call(variables, input)
            #expect(answer.status != 0)
            #expect(answer.code == row.code, "\(answer.output) \(answer.errors)")
            let said = answer.message
            for words in row.saying { #expect(said.contains(words), "\(words): \(said)") }
            #expect(Set(answer.error.keys) == ["cniVersion", "code", "msg", "details"])
            // That of the configuration, if there is one.
            let isUnknown = row.code == 1 || row.code == 6 || variables["CNI_COMMAND"] != "ADD"
            #expect(answer.error["cniVersion"] as? String == (isUnknown ? "1.1.0" : "1.0.0"))
            #expect(try node.attached() == [])
        }
    }

    @Test func theVersionsAreSaid() throws {
        try Kernel.run {
            let node = try ContainerNode("owner: acme\n")
            let answer = try node.call(["CNI_COMMAND": "VERSION"], "{\"cniVersion\": \"0.9.9\"}")
            #expect(answer.status == 0)
            #expect(answer.error["cniVersion"] as? String == "0.9.9")
            #expect(answer.error["supportedVersions"] as? [String] == ["0.3.1", "0.4.0", "1.0.0", "1.1.0"])
        }
    }
}
