// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata
@testable import RegistryModel

/// How many areas have to be guessed until one is taken for the registry's.
///
/// A seal has 64 bits: 32 in an area's header, 32 in its stamp, above the generation's 16. A program takes those of a window of
/// generations: at most the newest and the 32,767 before it, 2^15 of 2^80. So it takes random bytes once in 2^80 / 2^15 = 2^65
/// packets: at ten million packets a second that is 117,000 years. Who knows the generation, which is no secret, guesses the
/// other 64 bits: once in 2^64. Where one half of the seal is there already, of an area whose other end has been overwritten,
/// 32 bits are left: once in 2^32, or 2^33.
///
/// Nobody can wait for that. So the programs here, with accessors as they are, meet areas of which only some bits are random:
/// the 16 of the generation, and 8, 12 or 16 of the seal; all others are right. That is a seal of so many bits. It is hit as often
/// as the same calculation says, at each width and wherever in the seal the bits are, so the calculation holds for the widest one.
@Suite(Kernel.required) struct SealedAreaTests {
    /// How a program opens the area.
    enum Access: CustomStringConvertible {
        case byID
        /// The program was loaded for a registry whose fields have not moved for so many generations, the newest included.
        case bound(generations: UInt32)

        var description: String {
            switch self {
            case .byID: "by id"
            case .bound(let generations): "bound, \(generations) generations"
            }
        }

        /// Stamps that the program takes.
        var window: UInt64 {
            switch self {
            case .byID: 1 << 15
            case .bound(let generations): UInt64(generations)
            }
        }
    }

    static let accesses: [Access] = [.byID, .bound(generations: 1 << 15), .bound(generations: 1 << 13)]
    static let variants = accesses.flatMap { access in Fixture.Compiler.allCases.map { (access, $0) } }

    /// Bits of the seal that are guessed: how many, and the lowest. Those of 12 are all 64, one after the other.
    static let guessedBits: [(count: UInt64, from: UInt64)] = [
        (8, 0), (12, 0), (12, 12), (12, 24), (12, 36), (12, 48), (12, 52), (16, 24),
    ]

    @Test(arguments: variants)
    func aSealOfFewBitsIsHitAsOftenAsCalculated(access: Access, compiler: Fixture.Compiler) throws {
        try Kernel.run {
            for (count, from) in Self.guessedBits {
                let forger = try Forger(access, compiler, guessing: (1 << count - 1) << from, generation: true)
                let rate = Double(access.window) / Double(UInt64(1) << (16 + count))
                let guesses = max(1 << 21, Int(64 / rate))
                let expected = rate * Double(guesses)
                let deviation = (expected * (1 - rate)).squareRoot()
                let hits = try forger.run(guesses)
                #expect(
                    abs(Double(hits) - expected) < 6 * deviation,
                    "\(count) bits from \(from): \(hits) of \(guesses), calculated \(expected)")
            }
        }
    }

    /// Of all bits, and of the seal's 64 where the generation is known: 2^26 guesses of each program find none.
    @Test(arguments: [Access.byID, .bound(generations: 1 << 15)], [true, false])
    func theWholeSealIsNotHit(access: Access, guessesGeneration: Bool) throws {
        try Kernel.run {
            let forger = try Forger(access, .swift, guessing: .max, generation: guessesGeneration)
            #expect(try forger.run(1 << 25) == 0)
        }
    }
}

/// A program of Tests/Programs/forger.bpf.c, loaded for a registry of its own.
private final class Forger {
    private let scratch = ScratchRegistry()
    private let loaded: LoadedProgram
    /// The stamp of areas that the registry's programs make now.
    let newest: UInt64

    /// - Parameters:
    ///   - guessed: bits of the seal that are random; all others are right.
    ///   - generation: whether those of the generation are random too.
    init(
        _ access: SealedAreaTests.Access, _ compiler: Fixture.Compiler, guessing guessed: UInt64, generation: Bool
    ) throws {
        let registry = try Registry.openOrCreate(at: scratch.path, capacity: 64)
        // All of the window lies in one seal: where the sixteen bits of the generation do not wrap.
        if case .byID = access { try registry.setGeneration(1 << 15) } else { try registry.setGeneration(100) }
        _ = try registry.register(FieldDefinition(name: FieldName("target"), type: .u32))
        var image = try registry.image()
        if case .bound(let generations) = access {
            let field = try #require(image.field(named: FieldName("target")))
            let ahead =
                UInt32(truncatingIfNeeded: field.layout.generation.distance(from: image.word.generation)) &+ generations
                - 1
            image.word = RegistryWord(
                capacity: image.word.capacity, identity: image.word.identity, generation: image.word.changes &+ ahead)
        }
        newest = try registry.seal().stamp(of: image.word.generation, image.word)
        let loader = ProgramLoader(
            try ObjectFile(path: Fixture.object("forger", compiler)), image: image, isStrict: true, isRenewed: false)
        let program: String
        if case .byID = access { program = "forge_by_id" } else { program = "forge_bound" }
        let constants = try [
            "right_header": encode(registry.seal().header), "right_stamp": encode(newest),
            "guessed_header": encode(UInt32(guessed >> 32)),
            "guessed_stamp": encode((guessed & 0xffff_ffff) << 16 | (generation ? 0xffff : 0)),
        ]
        loaded = try loader.load(
            loader.inspect(program, for: .xdp), in: registry, ProgramLoader.Terms(constants: constants))
    }

    /// - Returns: how many of the guesses were taken for an area of the registry.
    func run(_ guesses: Int) throws -> UInt64 {
        _ = try loaded.program.testRunXDP(packet: [UInt8](repeating: 0, count: 64), repeats: guesses)
        let value = try loaded.object.map("guesses").values(at: 0)[0]
        let counts = stride(from: 0, to: value.count, by: 8).map { decode(Array(value[$0..<$0 + 8]), as: UInt64.self) }
        #expect(counts[0] == UInt64(guesses) && counts[2] == 0, "\(counts)")
        return counts[1]
    }
}

/// What everybody can learn of programs that have the seal.
@Suite(Kernel.required) struct ShownSealTests {
    /// The kernel shows a digest of a program's instructions, its tag: with the seal in it and nothing else unknown, the seal
    /// could be guessed without a packet.
    @Test(arguments: Fixture.Compiler.allCases)
    func aProgramsTagDiffersEachTime(compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            let registry = try Registry.openOrCreate(at: scratch.path, capacity: 64)
            _ = try registry.register(FieldDefinition(name: FieldName("word_field"), type: .u32))
            for (object, hook) in [
                ("contract_xdp", Hook.xdp), ("contract_tc", .tcIngress), ("bound_xdp", .xdp), ("bound_tc", .tcIngress),
            ] {
                var tags: Set<String> = []
                for _ in 0..<3 {
                    let loader = ProgramLoader(
                        try ObjectFile(path: Fixture.object(object, compiler)), image: try registry.image(),
                        isStrict: false)
                    let loaded = try loader.load(loader.inspect(nil, for: hook), in: registry)
                    let shown = try ChildProcess.run(["bpftool", "-j", "prog", "show", "id", "\(loaded.program.id)"])
                    let tag = try #require(shown.output.firstMatch(of: /"tag":"([0-9a-f]+)"/)?.1)
                    tags.insert(String(tag))
                }
                #expect(tags.count == 3, "\(object)")
            }
        }
    }

    /// People show others what the verifier says of a program of theirs.
    @Test(arguments: [[], ["--json"], ["--verbose"]])
    func theVerifiersWordsDoNotHaveIt(options: [String]) throws {
        try Kernel.run {
            let bench = try AttachmentTests.Bench()
            _ = try bench.command("register-field", "shared", "--type", "u32")
            let registry = try Registry.open(at: bench.scratch.path, for: .write)
            let (seal, word) = (try registry.seal(), try registry.image().word)
            let stamp = seal.stamp
            let run = try bench.pair.inReceiver {
                CommandRun(
                    [
                        "attach-to-interface", "far0", "--tc", "none", "--xdp", Fixture.object("leaking_xdp").string,
                        "--registry", bench.scratch.path.string,
                    ] + options)
            }
            let said = run.output + run.errors
            #expect(run.exitCode == 65, "\(said)")
            #expect(said.contains("refused_with_the_seal"), "\(said)")
            #expect(options.isEmpty || said.contains("[hidden]"), "the log has constants: \(said)")
            let tag = stamp >> 16
            for number in [stamp, stamp + UInt64(word.changes), tag, UInt64(seal.header)] {
                #expect(!said.contains(String(number, radix: 16)) && !said.contains(String(number)), "\(number)")
            }
            #expect(!said.contains(String(Int64(bitPattern: stamp &+ UInt64(word.changes)))))
        }
    }
}
