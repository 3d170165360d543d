// SPDX-License-Identifier: Apache-2.0
//
// The manifests of examples/kubernetes against the schemas of Kubernetes, and against one another.
//
// Usage: kubernetes_manifests.mjs FILE...
import {readFileSync} from 'node:fs';
import {basename} from 'node:path';

import {Checks, assert, equal, load} from './lanyard.mjs';

const yaml = load('yaml');

// As kubectl reads it: YAML 1.1, where 0400 is octal. A name that stands twice is an error.
function documentsOf(text) {
  return yaml.parseAllDocuments(text, {version: '1.1'}).map((document) => {
    if (document.errors.length > 0) throw document.errors[0];
    return document.toJS();
  });
}

const isObject = (value) => typeof value === 'object' && value !== null;

// The value as a schema's validator sees it, and what it has asked for. The validators that the
// package was generated with let unknown fields pass, but never look at them.
class Watched {
  #asked = new Map();
  #proxies = new Map();

  of(value) {
    if (!isObject(value)) return value;
    if (!this.#proxies.has(value)) {
      const asked = new Set();
      this.#asked.set(value, asked);
      this.#proxies.set(value, new Proxy(value, {
        get: (target, name) => {
          asked.add(name);
          return this.of(target[name]);
        },
      }));
    }
    return this.#proxies.get(value);
  }

  // The first field that nobody asked for, as a path.
  unasked(value, path = '') {
    for (const [name, member] of isObject(value) ? Object.entries(value) : []) {
      const here = `${path}/${name}`;
      if (!this.#asked.get(value)?.has(name)) return here;
      const below = this.unasked(member, here);
      if (below !== undefined) return below;
    }
    return undefined;
  }
}

// Throws unless Kubernetes has such an object.
function validate(object) {
  const version = String(object?.apiVersion);
  const model = load(`kubernetes-models/${version}`)[object.kind];
  assert(model !== undefined, `${version} has no ${object.kind}`);
  const watched = new Watched();
  model.prototype.validate.call(watched.of(object));
  const unknown = watched.unasked(object);
  assert(unknown === undefined, `unknown field ${unknown}`);
}

function isValid(object) {
  try {
    validate(object);
    return true;
  } catch {
    return false;
  }
}

// What lies at a path of names, all elements of lists on the way.
function at(value, ...path) {
  let found = [value].flat();
  for (const name of path) found = found.flatMap((one) => one?.[name] ?? []);
  return found;
}

const named = (objects, kind) => objects.filter((object) => object.kind === kind);
const nameOf = (object) => object.metadata.name;

// Whether names there are the author's own.
const FREE = new Set(['labels', 'matchLabels', 'data', 'requests', 'limits']);
const isFree = ({kind}, path) =>
    FREE.has(path.at(-1)) || (kind === 'Service' && path.at(-1) === 'selector');

// Every copy of the object in which one field has a letter too many.
function* withTypingErrors(object, path = []) {
  let here = object;
  for (const name of path) here = here[name];
  if (!isObject(here)) return;
  for (const name of Object.keys(here)) {
    if (!Array.isArray(here) && !isFree(object, path)) {
      const copy = structuredClone(object);
      let there = copy;
      for (const step of path) there = there[step];
      there[`${name}s`] = there[name];
      delete there[name];
      yield [`${[...path, name].join('/')}s`, copy];
    }
    yield* withTypingErrors(object, [...path, name]);
  }
}

const checks = new Checks();
const files = new Map(process.argv.slice(2).map((path) => [basename(path), path]));
const objects = [];
for (const [file, path] of files) {
  if (file === 'kustomization.yaml') continue;
  await checks.check(file, () => {
    for (const object of documentsOf(readFileSync(path, 'utf8'))) {
      objects.push(object);
      validate(object);
    }
  });
}

await checks.check('kustomization.yaml lists every file, and the images that pods have', () => {
  const [kustomization] = documentsOf(readFileSync(files.get('kustomization.yaml'), 'utf8'));
  equal([...kustomization.resources, 'kustomization.yaml'].sort(), [...files.keys()].sort());
  const known = ['apiVersion', 'kind', 'resources', 'images'];
  equal(Object.keys(kustomization), known);
  equal(kustomization.images.map((image) => Object.keys(image)),
        kustomization.images.map(() => ['name', 'newTag']));
  equal(kustomization.images.map((image) => image.name).sort(),
        at(named(objects, 'Deployment'), 'spec', 'template', 'spec', 'containers', 'image').sort());
});

// That the checks above are any.
for (const object of objects) {
  for (const [path, typo] of withTypingErrors(object)) {
    await checks.check(`${object.kind} ${nameOf(object)} with ${path}`, () => {
      assert(!isValid(typo), 'was accepted');
    });
  }
}
const deployment = named(objects, 'Deployment')[0];
const wrong = {
  'a number as text': (copy) => copy.spec.replicas = 'two',
  'a list that is none': (copy) => copy.spec.template.spec.containers = {},
  'a field of another object': (copy) => copy.spec.template.spec.ports = [],
  'a kind that is none': (copy) => copy.kind = 'Deploymnet',
  'a version that is none': (copy) => copy.apiVersion = 'apps/v11',
  'no selector': (copy) => delete copy.spec.selector,
};
for (const [what, change] of Object.entries(wrong)) {
  await checks.check(`a Deployment with ${what}`, () => {
    const copy = structuredClone(deployment);
    change(copy);
    assert(!isValid(copy), 'was accepted');
  });
}
await checks.check('a name that stands twice', () => {
  let error = '';
  try {
    documentsOf('kind: Pod\nkind: Pod\n');
  } catch ({message}) {
    error = message;
  }
  assert(error.includes('unique'), 'was accepted');
});

// What no schema can see.
const deployments = named(objects, 'Deployment');
await checks.check('everything is in the one namespace', () => {
  const [namespace] = named(objects, 'Namespace').map(nameOf);
  const cluster = ['Namespace', 'ClusterRoleBinding'];
  for (const object of objects.filter(({kind}) => !cluster.includes(kind))) {
    equal(object.metadata.namespace, namespace);
  }
  equal(at(objects, 'subjects', 'namespace'), [namespace]);
});
for (const one of deployments) {
  const name = nameOf(one);
  const {spec: pod, metadata} = one.spec.template;
  const [container] = pod.containers;
  await checks.check(`${name}: its selector is its pods' label`, () => {
    equal(one.spec.selector.matchLabels, metadata.labels);
  });
  await checks.check(`${name}: its service account is there`, () => {
    assert(named(objects, 'ServiceAccount').map(nameOf).includes(pod.serviceAccountName));
  });
  await checks.check(`${name}: folders are mounted, and never a subPath`, () => {
    equal(at(container, 'volumeMounts', 'subPath'), []);
    equal(at(container, 'volumeMounts', 'name').sort(), pod.volumes.map((v) => v.name).sort());
  });
  await checks.check(`${name}: each file that it is told of lies in a volume`, () => {
    const mounts = at(container, 'volumeMounts', 'mountPath');
    const paths = container.args.map((arg) => arg.split('=')[1]).filter((arg) => arg[0] === '/');
    assert(paths.length >= 2, 'no files');
    for (const path of paths) {
      assert(mounts.some((mount) => `${path}/`.startsWith(`${mount}/`)), path);
    }
  });
  await checks.check(`${name}: Secrets are for its own user alone`, () => {
    for (const secret of at(pod, 'volumes', 'secret')) {
      equal(secret.defaultMode, 0o400);
      assert(pod.securityContext.fsGroup !== undefined, 'nobody but root could read it');
    }
  });
}
await checks.check('network policies, the Service and the role are for pods that are there', () => {
  const labels = deployments.map((one) => one.spec.template.metadata.labels.app);
  const ours = [
    ...at(objects, 'spec', 'podSelector', 'matchLabels', 'app'),
    ...at(objects, 'spec', 'ingress', 'from', 'podSelector', 'matchLabels', 'app'),
    ...at(objects, 'spec', 'egress', 'to', 'podSelector', 'matchLabels', 'app'),
    ...at(named(objects, 'Service'), 'spec', 'selector', 'app'),
    ...at(objects, 'subjects', 'name'),
  ];
  equal([...new Set(ours)].sort(), labels.sort());
});
await checks.check('ports are those that the server listens on', () => {
  const orders = deployments.find((one) => nameOf(one) === 'orders').spec.template.spec;
  const [container] = orders.containers;
  const [listen, health] = container.args.map((arg) => Number(arg.split(':')[1]));
  equal(at(container, 'ports', 'containerPort'), [listen, health]);
  equal(container.readinessProbe.grpc.port, health);
  equal(container.livenessProbe.tcpSocket.port, container.ports[1].name);
  equal(at(named(objects, 'Service'), 'spec', 'ports', 'targetPort'), [container.ports[0].name]);
  equal(at(objects, 'spec', 'ingress', 'ports', 'port'), [listen]);
});
checks.finish();
