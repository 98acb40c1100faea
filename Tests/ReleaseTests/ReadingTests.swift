// SPDX-License-Identifier: BSD-2-Clause

import SystemPackage
import TestSupport
import Testing

/// What commands say that change nothing, of programs that real packets went through.
@Suite(Kernel.required) struct ReadingTests {
    private static let packets = 40

    @Test(arguments: Scene.allCases, Memory.allCases)
    func status(scene: Scene, memory: Memory) throws {
        let stage = try Stage(scene, memory)
        try stage.run { command in
            let attached = try stage.attach()
            #expect(attached?.status ?? 0 == 0, "\(attached?.errors ?? "")")
            for program in scene.xdp + scene.tc {
                #expect(attached?.output.contains("\(program.name) attached") == true)
            }
            let plain = try command.expect("status")
            let hooks = (scene.xdp.isEmpty ? 0 : 1) + (scene.tc.isEmpty ? 0 : 1)
            #expect(plain.output.contains("\(scene.xdp.count + scene.tc.count) programs attached to \(hooks) hooks"))
            for program in scene.xdp + scene.tc {
                #expect(plain.output.contains(" \(program.name) "), "\(plain.output)")
                // Of a prebuilt one, people are told no more.
                let object = program.object.hasPrefix("prebuilt ") ? " prebuilt " : program.object
                #expect(plain.output.contains(object), "\(plain.output)")
            }

            let document = try command.expect("status", "--json").json
            #expect(document["registry"]["path"].text == command.registry.string)
            #expect(document["hooks"].array.count == hooks)
            for (hook, expected) in [("xdp", scene.xdp), ("tc_ingress", scene.tc)] where !expected.isEmpty {
                let shown = try #require(document["hooks"].array.first { $0["hook"].text == hook })
                #expect(shown["interface"].text == VethPair.far)
                #expect(shown["isComplete"].flag == true)
                let programs = shown["programs"].array
                #expect(programs.map(Scene.Program.init) == expected)
                #expect(programs.allSatisfy { $0["isOurs"].flag == true && $0["state"].text == "attached" })
                #expect(programs.allSatisfy { $0["mode"].text == (hook == "xdp" ? "native" : "tcx") })
            }
        }
    }

    @Test(arguments: Scene.allCases, Memory.allCases)
    func inspectMap(scene: Scene, memory: Memory) throws {
        let stage = try Stage(scene, memory)
        try stage.run { command in
            #expect(try stage.attach()?.status ?? 0 == 0)
            try stage.pair.send(Self.packets)
            let whole = try command.expect("inspect-map")
            #expect(whole.output.contains("5 fields in 14 of 48 bytes"))
            for field in Scene.fields {
                let lines = whole.output.split(separator: "\n").filter { $0.hasPrefix("\(field) ") }
                #expect(lines.count == 2, "once in the view registry, once in state: \(whole.output)")
            }
            for view in [["state"], ["field"], []] {
                let document = try command.expect(["inspect-map"] + view + ["--json"]).json
                expectCalls(document, of: Scene.fields, scene)
            }
            let users = try command.expect("inspect-map", "registry", "--json").json["fields"].array
            for field in users {
                let name = try #require(field["field"]["name"].text)
                let programs = (scene.xdp + scene.tc).filter { $0.fields.contains(name) }.map(\.name)
                #expect(field["users"].array.compactMap { $0["program"].text } == programs, "\(name)")
            }

            let state = try command.expect("inspect-map", "state")
            for field in Scene.fields {
                let calls = scene.calls[field, default: Scene.Calls()]
                let counts = [calls.set, calls.got, calls.notSet].map { "\($0 * Self.packets)" }
                #expect(Array(state.words(field).prefix(5)) == [field] + counts + ["-"], "\(state.output)")
            }
            let named = try command.expect("inspect-map", "field", "tenant")
            for program in scene.xdp + scene.tc where program.fields.contains("tenant") {
                #expect(named.output.contains("\(program.name) ("), "\(named.output)")
            }

            let owned = try command.expect("inspect-map", "state", "--owner", "acme", "--json").json
            #expect(owned["fields"].array.map { $0["field"]["name"].text } == ["tenant"])
            #expect(try command.expect("inspect-map", "--refused", "--json").json["fields"].array.isEmpty)
            let active = scene.calls.filter { $0.value.set + $0.value.got > 0 }.keys
            let shown = try command.expect("inspect-map", "state", "--active", "--json").json["fields"].array
            #expect(Set(shown.compactMap { $0["field"]["name"].text }) == Set(active))
            let sorted = try command.expect("inspect-map", "--sort", "name", "--reverse", "--json").json
            #expect(sorted["fields"].array.map { $0["field"]["name"].text } == Scene.fields.sorted().reversed())

            let blocks = try command.expect("inspect-map", "--watch", "0.05", "--count", "2", "--json").jsonLines
            #expect(blocks.count == 2)
            for block in blocks { expectCalls(block, of: Scene.fields, scene) }
            let watched = try command.expect("inspect-map", "--watch", "0.05", "--count", "2")
            #expect(watched.output.split(separator: "\n").filter { $0.hasPrefix("tenant ") }.count == 2)
        }
    }

    private func expectCalls(_ document: JSON, of names: [String], _ scene: Scene) {
        let fields = document["fields"].array
        #expect(Set(fields.compactMap { $0["field"]["name"].text }) == Set(names))
        for field in fields {
            let name = field["field"]["name"].text ?? ""
            let calls = scene.calls[name, default: Scene.Calls()]
            let state = field["state"]
            #expect(state["set"].number == calls.set * Self.packets, "\(name)")
            #expect(state["got"].number == calls.got * Self.packets, "\(name)")
            #expect(state["notSet"].number == calls.notSet * Self.packets, "\(name)")
            #expect(state["setRefused"].keys.isEmpty && state["getRefused"].keys.isEmpty, "\(name)")
            if let last = calls.last { #expect(state["last"]["text"].text == last, "\(name)") }
        }
    }

    /// From the sender's interface on, where packets carry nothing yet.
    @Test(arguments: Scene.allCases, Memory.allCases)
    func trace(scene: Scene, memory: Memory) throws {
        let stage = try Stage(scene, memory)
        try stage.run { command in
            #expect(try stage.attach()?.status ?? 0 == 0)
            let traffic = BackgroundTraffic(stage.pair)
            defer { _ = try? traffic.stop() }
            let arguments = ["trace", "--all-packets", "--dst", VethPair.farAddress, "--dport", "\(VethPair.port)"]
            let lines = try command.expect(arguments + ["--count", "5", "--buffer", "64M", "--json"]).jsonLines
            #expect(lines.first?["stations"].array.count ?? 0 >= 8)
            // Other tests send to such addresses too, as much as can be: some may be lost, which is said.
            let packets = lines.dropFirst().filter { $0["dropped"].number == nil }
            #expect(Set(packets.map { $0["packet"].number }) == [1, 2, 3, 4, 5])
            #expect(packets.contains { $0["station"].text == "transmit" })
            #expect(packets.contains { $0["drop"]["function"].text != nil })
        }
    }

    @Test(arguments: Scene.allCases, Memory.allCases)
    func watch(scene: Scene, memory: Memory) throws {
        let stage = try Stage(scene, memory)
        try stage.run { command in
            #expect(try stage.attach()?.status ?? 0 == 0)
            let traffic = BackgroundTraffic(stage.pair)
            defer { _ = try? traffic.stop() }
            let arguments = ["watch", VethPair.far, "--last", "--all-packets", "--dport", "\(VethPair.port)"]
            let seen = try command.expect(arguments + ["--count", "20", "--json"]).jsonLines
            #expect(seen.count == 20)
            for packet in seen {
                #expect(packet["interface"].text == VethPair.far)
                #expect(packet["flow"]["source"].text == VethPair.nearAddress)
                #expect(packet["flow"]["destinationPort"].number == Int(VethPair.port))
                #expect(packet["length"].number == 60)
                #expect(packet["fields"].keys == scene.carried, "\(scene)")
                if scene.carried.contains("tenant") { #expect(packet["fields"]["tenant"].number == 42) }
                if scene.carried.contains("length") { #expect(packet["fields"]["length"].number == 60) }
            }
            let lines = try command.expect(arguments + ["--count", "5"]).output.split(separator: "\n")
            #expect(lines.count == 5)
            for line in lines {
                #expect(line.contains("192.0.2.2:4739, 60 bytes"), "\(line)")
                #expect(line.contains("tenant=42") == scene.carried.contains("tenant"), "\(line)")
            }
            let none = try command.expect(arguments + ["-f", "tenant=41", "--duration", "0.2"])
            #expect(none.output == "")
            #expect(none.errors.contains("0 packets shown"), "\(none.errors)")
        }
    }

    private static let layers = ["netfilter", "cgroups", "steering", "sockets", "tracing", "af-xdp"]

    @Test(arguments: Scene.allCases, Memory.allCases)
    func doctor(scene: Scene, memory: Memory) throws {
        let stage = try Stage(scene, memory)
        try stage.run { command in
            #expect(try stage.attach()?.status ?? 0 == 0)
            let plain = try command.expect("doctor", VethPair.far)
            let document = try command.expect("doctor", VethPair.far, "--json").json
            #expect(document["works"].flag == true)
            let findings = document["findings"].array
            #expect(findings.allSatisfy { $0["level"].text != "broken" })
            // The registry has a private field, and a veth device leads elsewhere; what else a kernel has not got is beside
            // interfaces' hooks.
            let weaker = findings.filter { $0["level"].text == "weaker" }.compactMap { $0["check"].text }
            #expect(weaker.filter { !Self.layers.contains($0) } == ["private-fields"])
            #expect(plain.output.contains("Packets would carry fields on far0 (\(weaker.count) weaker)."))
            let hooks = findings.filter { $0["check"].text?.hasSuffix("-hook") == true }.compactMap { $0["text"].text }
            #expect(hooks.count == 2)
            for program in scene.xdp.prefix(1) + scene.tc {
                #expect(hooks.contains { $0.contains("program \(program.name) ") }, "\(hooks)")
            }
            #expect(try command.expect("doctor").output.contains("capabilities"))
        }
    }
}

extension Scene.Program {
    /// As `status --json` has it.
    fileprivate init(_ document: JSON) {
        self.init(
            name: document["program"].text ?? "", object: document["object"].text ?? "",
            fields: Set(document["fields"].array.compactMap(\.text)))
    }
}
