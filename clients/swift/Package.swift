// swift-tools-version: 6.2
// SPDX-License-Identifier: BSD-2-Clause

import PackageDescription

// An application of its own. Outside of pktmeta's sources, the first dependency is pktmeta's repository.
let package = Package(
    name: "echo-fields",
    dependencies: [
        .package(name: "pktmeta", path: "../.."),
        .package(url: "https://github.com/apple/swift-nio", from: "2.80.0"),
    ],
    targets: [
        .executableTarget(
            name: "EchoFields",
            dependencies: [
                .product(name: "PacketMetadataSockets", package: "pktmeta"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ])
    ]
)
