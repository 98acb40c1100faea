// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import TestSupport
import Testing

/// An outside sender who has the source code and knows the registry's layout and generation, but not its seal, forges no field,
/// whatever way the kernel takes the sender's bytes for an area. Who is told the seal does.
///
/// `PKTMETA_FORGE_PACKETS` says how many packets there are on each path; `make forge-test` sends ten million.
@Suite(Kernel.required, .serialized) struct ForgeryTests {
    static let packets = UInt64(ProcessInfo.processInfo.environment["PKTMETA_FORGE_PACKETS"] ?? "") ?? 100_000

    @Test(arguments: ForgeryPath.allCases)
    func onlyWhoKnowsTheSealForges(path: ForgeryPath) throws {
        try Kernel.run {
            let scene = try ForgeryScene(path)
            let outside = try scene.attack(Self.packets, knowingTheSeal: false)
            print("forgery: \(path): \(outside)")
            #expect(outside.packets >= Self.packets)
            #expect(outside.values == 0, "\(outside)")
            // Else the path would prove nothing.
            let told = try scene.attack(1000, knowingTheSeal: true)
            #expect(told.byID > 0 && told.bound > 0, "\(told)")
            #expect(told.wanted == told.values, "\(told)")
        }
    }
}
