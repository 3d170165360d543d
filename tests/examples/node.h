// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_EXAMPLES_NODE_H_
#define LANYARD_TESTS_EXAMPLES_NODE_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/examples/manifests.h"
#include "tests/examples/mounted_volume.h"

namespace lanyard::test {

// A node of the cluster, as far as files go: mounts what the Deployments say, below a folder that
// stands for the root of all containers.
class Node {
 public:
  using Files = std::map<std::string, std::string>;

  Node(const Manifests* manifests, std::string root)
      : manifests_(manifests), root_(std::move(root)) {}

  // A new version of an object: "ConfigMap NAME", "Secret NAME", "Token DEPLOYMENT" with its one
  // file under "", or "ServiceAccount DEPLOYMENT", which is mounted where the pod asks for it.
  // Volumes that hold it are swapped.
  void Set(const std::string& object, const Files& files) {
    files_[object] = files;
    for (auto& [name, volume] : volumes_) {
      if (name == object) volume.Put(Named(object));
    }
  }

  // Mounts the volumes of that Deployment's pods. Gives its program's command, with paths as they
  // are outside of the container.
  std::vector<std::string> Command(const std::string& deployment) {
    const auto pod = Pod(deployment);
    const auto container = At(pod, {"containers", "0"});
    for (const auto mount : At(container, {"volumeMounts"})) {
      for (const auto volume : At(pod, {"volumes"})) {
        if (TextAt(volume, {"name"}) != TextAt(mount, {"name"})) continue;
        Mount(deployment, volume, TextAt(mount, {"mountPath"}));
      }
    }
    if (At(pod, {"automountServiceAccountToken"}).boolean()) {
      Mount("ServiceAccount " + deployment, kServiceAccount, 0600);
    }
    std::vector<std::string> command = {TextAt(container, {"command", "0"})};
    for (const auto argument : At(container, {"args"})) {
      command.push_back(Outside(std::string(argument.string())));
    }
    return command;
  }

  // A text with the paths of mounted folders as they are outside.
  std::string Outside(const std::string& text) const {
    return absl::StrReplaceAll(
        text, {{"/etc/", root_ + "/etc/"}, {"/var/run/secrets/", root_ + "/var/run/secrets/"}});
  }

  // Who the Deployment's pods are, and for whom the token is that they find.
  std::string Subject(const std::string& deployment) const {
    return absl::StrCat(
        "system:serviceaccount:",
        TextAt(manifests_->Find("Deployment", deployment), {"metadata", "namespace"}), ":",
        TextAt(Pod(deployment), {"serviceAccountName"}));
  }
  std::string Audience(const std::string& deployment) const {
    for (const auto volume : At(Pod(deployment), {"volumes"})) {
      if (volume.Find("projected").has_value()) return TextAt(Token(volume), {"audience"});
    }
    return "";
  }

 private:
  static constexpr char kServiceAccount[] = "/var/run/secrets/kubernetes.io/serviceaccount";

  internal::JsonValue Pod(const std::string& deployment) const {
    return At(manifests_->Find("Deployment", deployment), {"spec", "template", "spec"});
  }
  static internal::JsonValue Token(internal::JsonValue volume) {
    return At(volume, {"projected", "sources", "0", "serviceAccountToken"});
  }

  void Mount(const std::string& deployment, internal::JsonValue volume, const std::string& path) {
    if (volume.Find("configMap").has_value()) {
      Mount("ConfigMap " + TextAt(volume, {"configMap", "name"}), path, 0644);
    } else if (volume.Find("secret").has_value()) {
      Mount("Secret " + TextAt(volume, {"secret", "secretName"}), path,
            static_cast<mode_t>(At(volume, {"secret", "defaultMode"}).integer()));
    } else {
      token_names_["Token " + deployment] = TextAt(Token(volume), {"path"});
      Mount("Token " + deployment, path, 0600);
    }
  }
  void Mount(const std::string& object, const std::string& path, mode_t mode) {
    volumes_.emplace_back(object, MountedVolume(root_ + path, mode)).second.Put(Named(object));
  }

  // The object's files under the names that they have in its volume.
  Files Named(const std::string& object) const {
    Files files = files_.at(object);
    const auto name = token_names_.find(object);
    return name == token_names_.end() ? files : Files{{name->second, files.at("")}};
  }

  const Manifests* const manifests_;  // Not owned.
  const std::string root_;
  std::map<std::string, Files> files_;
  std::map<std::string, std::string> token_names_;
  std::vector<std::pair<std::string, MountedVolume>> volumes_;
};

}  // namespace lanyard::test

#endif  // LANYARD_TESTS_EXAMPLES_NODE_H_
