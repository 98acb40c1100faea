// SPDX-License-Identifier: BSD-2-Clause

extension RegistryPins {
    /// All that follows this registry: the one place where the registry meets what is built on it.
    var followers: [any RegistryFollower] {
        [AttachmentFollower(AttachmentStore(self)), SteeringFollower(SteeringStore(self))]
    }
}
