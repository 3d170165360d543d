// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_TLS_RELOADER_H_
#define LANYARD_INTERCEPTORS_INTERNAL_TLS_RELOADER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lanyard/interceptors/tls.h"

namespace grpc {
class ChannelCredentials;
class ServerCredentials;
}  // namespace grpc

namespace lanyard::internal {

// Credentials over TLS files that reload.
//
// gRPC's own file watcher takes whatever it finds: a missing key, or one that does not match its
// certificate, makes every handshake fail. So the files are checked here first, and what is good
// is handed to that watcher in memory (an anonymous file that it reads by its /proc path).
//
// Fails, naming the file, for files that are missing, broken or do not match now. Lives as long as
// credentials made from it are in use; the caller keeps it.
class TlsReloader {
 public:
  static absl::StatusOr<std::shared_ptr<TlsReloader>> Create(const TlsFiles& files);
  virtual ~TlsReloader() = default;

  // With roots: clients must present a certificate that leads to one of them, or with
  // `clients_may_lack_certificates` one that does or none.
  virtual std::shared_ptr<grpc::ServerCredentials> ServerCredentials(
      bool clients_may_lack_certificates) = 0;
  virtual std::shared_ptr<grpc::ChannelCredentials> ChannelCredentials() = 0;

  // When the certificate that is in use expires; infinite future without one.
  virtual absl::Time NotAfter() const = 0;

  // What is wrong with the files as they are now, so that older ones are in use; empty if nothing.
  virtual std::string LastError() const = 0;

  // Looks at the files now; an error leaves the last good ones in use.
  virtual absl::Status Reload() = 0;

  // Whether other files are in use than when this was made. New credentials may begin with those of
  // a second ago, so whoever needs the newest makes another reloader then.
  virtual bool HasChanged() const = 0;
};

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_TLS_RELOADER_H_
