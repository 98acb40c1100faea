// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

/// Times runs of an XDP program under BPF_PROG_TEST_RUN.
final class ProgramTimer {
    private let program: BPFProgram
    private let metadata: [UInt8]
    private let repeats: Int
    /// ns a run, a sample a round.
    private(set) var samples: [Double] = []

    /// As long as a sample runs the program. The call itself takes about as long again, which is not counted: the kernel
    /// enters each program that is not attached into its XDP dispatcher first, and waits (kernel/bpf/dispatcher.c).
    private static let sampleTime = 8e6  // ns
    private static let calibrationRuns = 1000

    /// - Parameters:
    ///   - object: loaded.
    ///   - metadata: what lies in front of the packet at the first run; the program finds what it left there at the next.
    init(_ object: borrowing BPFObject, _ name: String, metadata: [UInt8] = []) throws(PacketMetadataError) {
        program = try Self.program(object, name)
        self.metadata = metadata
        let run = try Self.run(self.program, metadata, Self.calibrationRuns)
        repeats = max(Self.calibrationRuns, Int(Self.sampleTime / max(1, Double(run))))
    }

    func sample() throws(PacketMetadataError) {
        samples.append(Double(try Self.run(program, metadata, repeats)))
    }

    var information: ProgramInformation {
        get throws(PacketMetadataError) {
            do throws(BPFError) {
                return try ProgramInformation(program)
            } catch {
                throw Benchmark.failure(error)
            }
        }
    }

    /// - Throws: `system` if the program says that a call of its failed.
    private static func run(
        _ program: borrowing BPFProgram, _ metadata: [UInt8], _ repeats: Int
    ) throws(PacketMetadataError) -> Int {
        do throws(BPFError) {
            let run = try program.testRunXDP(packet: BenchmarkPacket.bytes, metadata: metadata, repeats: repeats)
            guard run.verdict == xdpPass else {
                throw BPFError("\(program.name) returned \(run.verdict)", .invalidArgument)
            }
            return run.time
        } catch {
            throw Benchmark.failure(error)
        }
    }

    /// The area that a program leaves in front of a packet that came without.
    static func area(leftBy name: String, of object: borrowing BPFObject) throws(PacketMetadataError) -> [UInt8] {
        let program = try program(object, name)
        do throws(BPFError) {
            let run = try program.testRunXDP(packet: BenchmarkPacket.bytes)
            guard run.verdict == xdpPass else {
                throw BPFError("\(program.name) returned \(run.verdict)", .invalidArgument)
            }
            return Array(run.packet.prefix(run.metadataSize))
        } catch {
            throw Benchmark.failure(error)
        }
    }

    private static func program(_ object: borrowing BPFObject, _ name: String) throws(PacketMetadataError) -> BPFProgram
    {
        do throws(BPFError) {
            return try object.program(name)
        } catch {
            throw Benchmark.failure(error)
        }
    }

    private static let xdpPass: UInt32 = 2  // enum xdp_action in linux/bpf.h
}
