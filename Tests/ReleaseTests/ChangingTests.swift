// SPDX-License-Identifier: BSD-2-Clause

import Linux
import SystemPackage
import TestSupport
import Testing

/// Commands that change the registry, under programs that go on.
@Suite(Kernel.required) struct ChangingTests {
    private static let packets = 10

    @Test(arguments: Scene.allCases, Memory.allCases)
    func fields(scene: Scene, memory: Memory) throws {
        let stage = try Stage(scene, memory)
        try stage.run { command in
            #expect(try stage.attach()?.status ?? 0 == 0)
            let id = try command.expect("register-field", "tenant", "--type", "u32", "--owner", "acme").output
            let again = try command.expect("register-field", "tenant", "--type", "u32", "--owner", "acme", "--json")
                .json
            #expect(again["isNew"].flag == false)
            #expect(again["field"]["id"].number == Int(id.dropFirst(2).prefix(8), radix: 16))
            #expect(try command.run(["register-field", "tenant", "--type", "u64"]).status == 73)

            // Ten bytes of wide would not fit in front of number, at 16.
            try command.expect("register-field", "wide", "--type", "bytes:20", "--private")
            try command.expect("unregister-field", "wide")
            #expect(try command.run(["unregister-field", "wide"]).status == 66)
            let hasOwn = (scene.xdp + scene.tc).contains { $0.object == Scene.application }
            #expect(try command.run(["unregister-field", "hops"]).status == (hasOwn ? 73 : 0))
            if !hasOwn { try command.expect("register-field", "hops", "--type", "u8") }
            try command.expect("unregister-field", "length", "--json")

            let moved = try command.expect("compact", "--json").json["moved"].array
            for field in moved { #expect(Scene.fields.contains(field["name"].text ?? "")) }
            let repaired = try command.expect("repair", "--json").json
            #expect(repaired["finished"].array.isEmpty && repaired["unregistered"].array.isEmpty)
            #expect(try command.expect("repair").output != "")

            try stage.pair.send(Self.packets)
            let counted = try command.expect("inspect-map", "state", "--json").json["fields"].array
            #expect(counted.count == 4)
            for field in counted {
                let name = try #require(field["field"]["name"].text)
                let calls = scene.calls[name, default: Scene.Calls()]
                #expect(field["state"]["set"].number == calls.set * Self.packets, "\(name)")
                #expect(field["state"]["got"].number == calls.got * Self.packets, "\(name)")
                if let last = calls.last { #expect(field["state"]["last"]["text"].text == last, "\(name)") }
            }

            let layout = try command.expect("layout-digest", "--json").json
            #expect(try command.expect("layout-digest").output == (layout["digest"].text ?? "") + "\n")
            #expect(layout["lines"].array.count == 3 + counted.count)
            let until = try command.expect("reset-state", "--json").json["fields"].array
            #expect(until.map { $0["state"]["set"].number } == counted.map { $0["state"]["set"].number })
            let anew = try command.expect("inspect-map", "state", "--json").json["fields"].array
            #expect(anew.allSatisfy { $0["state"]["set"].number == 0 && $0["state"]["last"]["text"].text == nil })

            let forced = try command.expect("unregister-field", "tenant", "--force", "--json").json
            #expect(forced["field"]["name"].text == "tenant")
            #expect(try command.expect("status", "--json").json["hooks"].array.count == (scene == .nothing ? 0 : 2))
        }
    }

    @Test(arguments: Scene.allCases, Memory.allCases)
    func exports(scene: Scene, memory: Memory) throws {
        let stage = try Stage(scene, memory)
        let folder = try ScratchFolder()
        try stage.run { command in
            #expect(try stage.attach()?.status ?? 0 == 0)
            let types = folder.path.appending("fields.btf")
            let kernelTypes = folder.path.appending("kernel.btf")
            let header = folder.path.appending("fields.h")
            let size = try command.expect("export-btf", types.string, "--json").json["size"].number
            let btf = try Fixture.bytes(types)
            #expect(btf.count == size)
            #expect(btf.starts(with: [0x9f, 0xeb]))
            let texts = btf.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            for field in Scene.fields { #expect(texts.contains { $0.contains(field) }, "\(field)") }
            try command.expect("export-btf", "--with-kernel-types", kernelTypes.string)
            #expect(try Fixture.bytes(kernelTypes).count > 1 << 20)

            try command.expect("generate-header", header.string)
            let text = String(decoding: try Fixture.bytes(header), as: UTF8.self)
            #expect(try command.expect("generate-header").output == text)
            for field in try command.expect("inspect-map", "registry", "--json").json["fields"].array {
                let name = try #require(field["field"]["name"].text)
                let id = String(try #require(field["field"]["id"].number), radix: 16)
                let line =
                    "#define PKTMETA_FIELD_ID_\(name) 0x" + String(repeating: "0", count: 8 - id.count) + "\(id)U"
                #expect(text.contains(line), "\(line)")
                #expect(text.contains("pktmeta_get_\(name)("), "\(name)")
            }
        }
    }

    @Test(arguments: Scene.allCases, Memory.allCases)
    func attachments(scene: Scene, memory: Memory) throws {
        let stage = try Stage(scene, memory)
        let label = Fixture.object("application").string + ":label"
        try stage.run { command in
            let attached = try stage.attach("--json")?.json["attachments"].array ?? []
            #expect(attached.map { $0["program"].text } == (scene.xdp + scene.tc).map(\.name))
            #expect(attached.allSatisfy { $0["outcome"].text == "attached" })
            let replaced = try stage.attach("--json")?.json["attachments"].array ?? []
            #expect(replaced.map { $0["program"].text } == attached.map { $0["program"].text })

            // A further program beside them, in front; and without it again.
            if scene != .chain {
                try command.expect(
                    "attach-to-interface", VethPair.far, "--join", "--first", "--xdp", label, "--tc", "none")
                try stage.pair.send(Self.packets)
                #expect(try xdp(command) == ["label"] + scene.xdp.map(\.name))
                let hops = try command.expect("inspect-map", "state", "hops", "--json").json["fields"].array
                #expect(hops.first?["state"]["set"].number == Self.packets)
                try command.expect("detach-from-interface", VethPair.far, "--program", "label")
                #expect(try xdp(command) == scene.xdp.map(\.name))
            }

            if scene == .nothing {
                #expect(try command.run(["detach-from-interface", VethPair.far]).status == 66)
            } else {
                let detached = try command.expect("detach-from-interface", VethPair.far, "--json").json
                #expect(detached["attachments"].array.map { $0["program"].text } == (scene.xdp + scene.tc).map(\.name))
                #expect(detached["attachments"].array.allSatisfy { $0["outcome"].text == "detached" })
            }
            #expect(try command.expect("status").output.contains("0 programs attached to 0 hooks"))
            #expect(try command.expect("status", "--json").json["hooks"].array.isEmpty)

            _ = try stage.attach()
            #expect(try command.run(["delete-registry"]).status == 64)
            try command.expect("delete-registry", "--force")
            #expect(!Folder.exists(command.registry))
            #expect(try command.run(["status"]).status == 66)
        }
    }

    @Test(arguments: [Scene.own, .prebuilt, .both, .chain], Memory.allCases)
    func inTheForeground(scene: Scene, memory: Memory) throws {
        let stage = try Stage(scene, memory)
        try stage.run { command in
            let arguments = ["attach-to-interface", VethPair.far, "--no-pin"] + (scene.arguments ?? [])
            let traffic = BackgroundTraffic(stage.pair)
            let run = try command.run(arguments, endedAfter: 1)
            _ = try traffic.stop()
            #expect(run.status == 0, "\(run.errors)")
            for program in scene.xdp + scene.tc { #expect(run.output.contains(program.name), "\(run.output)") }
            #expect(try command.expect("status").output.contains("0 programs attached"))
            let fields = try command.expect("inspect-map", "state", "--json").json["fields"].array
            for field in fields {
                let calls = scene.calls[field["field"]["name"].text ?? "", default: Scene.Calls()]
                #expect((field["state"]["set"].number ?? 0 > 0) == (calls.set > 0))
                #expect((field["state"]["got"].number ?? 0 > 0) == (calls.got > 0))
            }
        }
    }

    private func xdp(_ command: ReleasedCommand) throws -> [String] {
        let hooks = try command.expect("status", "--json").json["hooks"].array
        let hook = hooks.first { $0["hook"].text == "xdp" }
        return hook?["programs"].array.compactMap { $0["program"].text } ?? []
    }
}
