// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_OPEN_STREAMS_H_
#define LANYARD_INTERCEPTORS_INTERNAL_OPEN_STREAMS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/time/time.h"
#include "lanyard/sdk/auth_failure.h"
#include "lanyard/sdk/clock.h"
#include "lanyard/sdk/identity.h"
#include "lanyard/sdk/token_connection.h"

struct grpc_call;

namespace lanyard::internal {

// Why a running stream is ended.
struct StreamEnd {
  AuthFailure failure;
  std::string detail;  // For operators.
};

// What is known of a stream from its beginning.
struct StreamFacts {
  std::string method;
  Identity caller;
  PeerNames peer;
  absl::Time began;

  // Whether a proxy says who the client is, `peer` among it; and of the connection, for whoever
  // asks whether that proxy still may: whether it is local, and the names in its own certificate.
  bool is_forwarded = false;
  bool is_local = false;
  PeerNames proxy;

  // When it ends by itself, by the wall clock and by Clock::SinceBoot(): the earlier counts, so
  // that a clock that is set back lengthens nothing. And why.
  absl::Time ends_at = absl::InfiniteFuture();
  absl::Duration ends_since_boot = absl::InfiniteDuration();
  StreamEnd end;
};

// The streams that run, and the one thread that ends them: each when its time has come, and all of
// them that are no longer allowed, beginning half a second after a change at most. A call is held
// only while it is cancelled. Thread-safe.
class OpenStreams {
 public:
  struct Rules {
    std::shared_ptr<const Clock> clock;
    // Asked every half second: whether anything has changed that streams depend on.
    std::function<bool()> changed;
    // Asked about each stream then: why it must end, if it must.
    std::function<std::optional<StreamEnd>(const StreamFacts&)> judge;
    // Asked when a stream's time has come: until when it may go on all the same; infinite past if
    // it may not. Asked `again` then, and whenever anything has changed.
    std::function<absl::Time(const StreamFacts&, bool again)> postpone;
    // Told of each stream that is ended, with the id that the client is told.
    std::function<void(const StreamFacts&, const StreamEnd&, const std::string& decision_id)> ended;
  };

  explicit OpenStreams(Rules rules);
  // Streams are left alone from now on. Waits for functions that run, unless one of them is what
  // destroys this.
  ~OpenStreams();
  OpenStreams(const OpenStreams&) = delete;
  OpenStreams& operator=(const OpenStreams&) = delete;

  class Stream;

  // `call` must live until Close(). A stream whose time has come ends at once.
  std::shared_ptr<Stream> Add(grpc_call* call, StreamFacts facts);

  // The call is over. May be called twice, and from any thread.
  void Close(const std::shared_ptr<Stream>& stream);

  // Calls `notice` once, on the thread that ends streams, `lead` before the stream's time comes, or
  // at once if that has passed; never once the stream has been closed. Forget() takes it back, and
  // waits while it runs, unless it is what calls Forget().
  using NoticeId = uint64_t;
  NoticeId Notify(const std::shared_ptr<Stream>& stream, absl::Duration lead,
                  std::function<void()> notice);
  void Forget(const std::shared_ptr<Stream>& stream, NoticeId id);

  size_t size() const;

  // How often the thread was woken for a stream whose time comes before the thread looks anyway.
  int64_t wakes() const;

 private:
  class Core;
  const std::shared_ptr<Core> core_;
  std::thread thread_;
};

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_OPEN_STREAMS_H_
