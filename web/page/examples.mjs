// Texts to start from.

import gatekeeper from "../../cli/tests/data/sources/gatekeeper.yaml";
import kubewarden from "../../cli/tests/data/sources/kubewarden.yaml";
import kyverno from "../../cli/tests/data/sources/kyverno.yaml";
import namespaces from "../../cli/tests/data/sources/namespaces.yaml";
import podSecurity from "../../cli/tests/data/sources/psa.yaml";
import constraints from "../../cli/tests/data/sources/scc.yaml";
import baselineSettings from "../../examples/baseline.yaml";
import chownEntrypoint from "../../examples/pods/chown-entrypoint.yaml";
import csiNode from "../../examples/pods/csi-node.yaml";
import debug from "../../examples/pods/debug.yaml";
import logCollector from "../../examples/pods/log-collector.yaml";
import nfsProvisioner from "../../examples/pods/nfs-provisioner.yaml";
import nginx from "../../examples/pods/nginx.yaml";
import webApp from "../../examples/pods/web-app.yaml";
import baselinePsp from "../../examples/psp/baseline.yaml";
import privilegedPsp from "../../examples/psp/privileged.yaml";
import restrictedPsp from "../../examples/psp/restricted.yaml";

const all = (...texts) => texts.map((text) => text.trimEnd()).join("\n---\n") + "\n";

const level = (name) => `# The level \`${name}\` of the Pod Security Standards, without any PodSecurityPolicy.
podSecurityStandards:
  enforce: ${name}
`;

const seven = all(nginx, webApp, logCollector, csiNode, nfsProvisioner, chownEntrypoint, debug);

const three = all(privilegedPsp, baselinePsp, restrictedPsp);

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
  namespace: store
spec:
  selector:
    matchLabels: {app: shop}
  template:
    metadata:
      labels: {app: shop}
    spec:
      containers:
      - name: shop
        image: registry.example.com/shop:1
        securityContext:
          runAsUser: 0
          capabilities:
            add: [NET_ADMIN]
`;

/** The examples of each editor, by name. */
export const examples = {
  policies: {
    "Settings: a baseline policy": baselineSettings,
    "PSP: restricted": restrictedPsp,
    "PSP: baseline": baselinePsp,
    "PSP: privileged": privilegedPsp,
    "Three PSPs, of which one wins": three,
    "Standard: privileged": level("privileged"),
    "Standard: baseline": level("baseline"),
    "Standard: restricted": level("restricted"),
  },
  pods: { "Seven pods": seven, "A Deployment": deployment, "One pod": nginx },
  source: {
    "PSP: restricted": restrictedPsp,
    "Three PSPs": three,
    "Kyverno": kyverno,
    "Gatekeeper": gatekeeper,
    "Kubewarden's single policies": kubewarden,
    "Pod Security admission": podSecurity,
    "OpenShift, with two namespaces": all(constraints, namespaces),
  },
  workloads: { "Seven pods": seven, "A Deployment": deployment },
};
