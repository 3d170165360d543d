// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_IDENTITY_ENTRY_H_
#define LANYARD_INTERCEPTORS_INTERNAL_IDENTITY_ENTRY_H_

#include "lanyard/interceptors/internal/call_metadata.h"
#include "lanyard/sdk/identity.h"

namespace lanyard::internal {

// How an identity reaches the handler: one entry in the call's own received metadata, which lives
// exactly as long as the call. The entry is known by the address of its key, so no header that a
// client sends can pass for it, and no table has to be kept in step with contexts whose addresses
// are used again.

// `identity` must outlive the call's context.
void PutIdentity(CallMetadata* metadata, const Identity* identity);

// Null if nobody put one.
const Identity* FindIdentity(const CallMetadata& metadata);

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_IDENTITY_ENTRY_H_
