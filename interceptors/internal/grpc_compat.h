// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_GRPC_COMPAT_H_
#define LANYARD_INTERCEPTORS_INTERNAL_GRPC_COMPAT_H_

// The places where gRPC 1.51 and 1.80 spell the same thing differently. TLS options are never
// passed or returned by value: from 1.80 a copy made with the old setters loses its provider.

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <grpcpp/version_info.h>

#include <memory>

#if GRPC_CPP_VERSION_MAJOR > 1 || GRPC_CPP_VERSION_MINOR >= 80
#define LANYARD_GRPC_HAS_PROVIDER_PAIRS 1
#endif

namespace lanyard::internal {

using CertificateProvider = std::shared_ptr<grpc::experimental::CertificateProviderInterface>;

// What a server asks of its clients. Whatever certificate comes is verified.
enum class ClientCertificate { kNotAsked, kOptional, kRequired };

inline std::shared_ptr<grpc::ServerCredentials> ServerTls(const CertificateProvider& provider,
                                                          ClientCertificate client_certificate) {
  const bool has_roots = client_certificate != ClientCertificate::kNotAsked;
#ifdef LANYARD_GRPC_HAS_PROVIDER_PAIRS
  auto options = grpc::experimental::TlsServerCredentialsOptions::Create(provider);
  if (!options.ok()) return nullptr;
  if (has_roots) options->set_root_certificate_provider(provider);
  grpc::experimental::TlsServerCredentialsOptions& tls = *options;
#else
  grpc::experimental::TlsServerCredentialsOptions tls(provider);
  tls.watch_identity_key_cert_pairs();
  if (has_roots) tls.watch_root_certs();
#endif
  switch (client_certificate) {
    case ClientCertificate::kNotAsked:
      tls.set_cert_request_type(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
      break;
    case ClientCertificate::kOptional:
      tls.set_cert_request_type(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
      break;
    case ClientCertificate::kRequired:
      tls.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
      break;
  }
  return grpc::experimental::TlsServerCredentials(tls);
}

inline std::shared_ptr<grpc::ChannelCredentials> ChannelTls(const CertificateProvider& provider,
                                                            bool has_identity) {
  grpc::experimental::TlsChannelCredentialsOptions tls;
#ifdef LANYARD_GRPC_HAS_PROVIDER_PAIRS
  tls.set_root_certificate_provider(provider);
  if (has_identity) tls.set_identity_certificate_provider(provider);
#else
  tls.set_certificate_provider(provider);
  tls.watch_root_certs();
  if (has_identity) tls.watch_identity_key_cert_pairs();
#endif
  return grpc::experimental::TlsCredentials(tls);
}

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_GRPC_COMPAT_H_
