// SPDX-License-Identifier: BSD-2-Clause

import BPF
import PacketMetadata
import RegistryModel
import TestSupport
import Testing

/// Programs that count their calls in the state map.
@Suite(Kernel.required) struct CountingTests {
    /// A field that is not registered has the id 0, and slot 0 holds the area's counts, which are not a field's. The area
    /// is there before: as long as nobody has made one, those counts look like those of a field with the id 0.
    @Test(arguments: Fixture.Compiler.allCases)
    func callsForNoFieldAreStaleAndNothingElse(compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            let registry = try Registry.openOrCreate(at: scratch.path, capacity: 64)
            let bytes = try Fixture.bytes(Fixture.bench("dynamic_counted", compiler))
            let object = try registry.load(["fill_1"], of: .read(bytes[...]), name: "dynamic_counted")
            let run = try object.program("fill_1").testRunXDP(
                packet: [UInt8](repeating: 0x55, count: 64), metadata: registry.area())
            #expect(run.verdict == 0, "XDP_ABORTED: the set was refused")
            let area = try registry.areaState()
            #expect(area.found == 1 && area.made == 0 && area.stale == 1)
            #expect(area.refused.nonzero.isEmpty, "\(area.refused.nonzero)")
        }
    }
}
