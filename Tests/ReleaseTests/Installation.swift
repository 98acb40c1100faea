// SPDX-License-Identifier: BSD-2-Clause

import Linux
import SystemPackage
import TestSupport
import Testing

/// What `make install` makes of the release build.
struct Installation {
    private let places: [String]

    /// - Parameter places: as in `PREFIX=/usr`, `DESTDIR=...`.
    init(_ places: String...) throws {
        self.places = places
        try make("install")
    }

    func uninstall() throws { try make("uninstall") }

    private func make(_ target: String) throws {
        let made = try ChildProcess.run(["make", "-s", "-C", Fixture.root.string, target] + places)
        try #require(made.status == 0, "\(made.output)")
    }
}
