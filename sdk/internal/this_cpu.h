// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_THIS_CPU_H_
#define LANYARD_SDK_INTERNAL_THIS_CPU_H_

#include <cstddef>

namespace lanyard::internal {

// The number of the CPU that the caller runs on, which may be another one by now: for choosing
// among copies of what threads would else wait for. Where the system does not tell, a number of
// the thread.
size_t ThisCpu();

// How many numbers ThisCpu() may give, as far as the system tells: of CPUs that are off, too. At
// least 1.
size_t CpuNumbers();

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_THIS_CPU_H_
