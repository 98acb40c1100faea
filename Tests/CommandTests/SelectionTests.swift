// SPDX-License-Identifier: BSD-2-Clause

import ArgumentParser
import RegistryModel
import Testing

@testable import PacketMetadata
@testable import PktmetaCommands

/// Which fields `inspect-map` shows, and in which order.
@Suite struct SelectionTests {
    private func names(_ arguments: String...) throws -> [String] {
        let command = try InspectMap.parse(arguments)
        let selection = try command.selection.choice.selection(Array(command.words.dropFirst()))
        let report = try InspectionExample.reportWithRates(.both)
        // tenant has no rates: another field was there before.
        let rates = report.rates.filter { $0.key.description != report.inspection.fields[0].field.id.description }
        return try selection.applied(to: report.inspection, rates: rates).fields.map(\.field.name.text)
    }

    @Test func namesAndPatterns() throws {
        #expect(try names("state") == ["tenant", "trusted", "port", "trace_id"])
        #expect(try names("state", "trace_id", "port") == ["port", "trace_id"])
        #expect(try names("state", "t*") == ["tenant", "trusted", "trace_id"])
        #expect(try names("state", "?ort", "t[er]*t") == ["tenant", "port"])
        for (arguments, kind) in [
            ("nosuch", PacketMetadataError.Kind.notFound), ("x*", .notFound), ("not-a-name", .usage),
        ] {
            let error = #expect(throws: PacketMetadataError.self) { try names("state", arguments) }
            #expect(error?.kind == kind)
        }
    }

    @Test func filters() throws {
        #expect(try names("state", "--owner", "edge") == ["tenant"])
        #expect(try names("state", "--owner", "nobody") == [])
        #expect(try names("state", "--refused").count == 4)
        #expect(try names("state", "--active") == ["trusted", "port", "trace_id"])
    }

    @Test func orders() throws {
        #expect(try names("state", "--sort", "name") == ["port", "tenant", "trace_id", "trusted"])
        #expect(try names("state", "--sort", "name", "--reverse") == ["trusted", "trace_id", "tenant", "port"])
        #expect(try names("state", "--sort", "size") == ["trace_id", "tenant", "port", "trusted"])
        #expect(try names("state", "--sort", "slot") == ["tenant", "trace_id", "port", "trusted"])
        #expect(try names("state", "--sort", "set") == ["tenant", "trusted", "port", "trace_id"])
        #expect(try names("state", "--sort", "rate").last == "tenant")
        #expect(try names("state", "--sort", "age").last == "trace_id")
    }

    @Test(arguments: [
        ["--watch", "0"], ["--watch", "0.01"], ["--count", "3"], ["--watch", "1", "--count", "0"],
        ["--sort", "colour"],
    ])
    func badOptions(arguments: [String]) {
        #expect(throws: (any Error).self) { try InspectMap.parse(arguments) }
    }

    @Test(arguments: [
        (["--watch"], 1.0), (["--watch", "tenant"], 1.0), (["--watch", "0.5"], 0.5), (["--watch=2", "state"], 2.0),
        (["state", "--watch"], 1.0),
    ])
    func intervals(arguments: [String], seconds: Double) throws {
        #expect(try InspectMap.parse(arguments).watching.interval == .seconds(seconds))
    }
}
