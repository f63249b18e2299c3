// Verdicts out of the module's answers.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Functions } from "../page/functions.mjs";
import { judge } from "../page/judge.mjs";
import { modules, read } from "./modules.mjs";

const { functions: library, policy } = await modules();
const functions = new Functions(library);
const verdicts = ({ objects }) => objects.map(({ title, verdict, agrees }) => [title, verdict, agrees]);

const names = ["chown-entrypoint", "csi-node", "debug", "log-collector", "nfs-provisioner", "nginx", "web-app"];
const seven = (await Promise.all(names.map((name) => read(`examples/pods/${name}.yaml`)))).join("\n---\n");

test("the seven pods get the verdicts of `make run`", async () => {
  const answer = judge(functions, policy, { policies: await read("examples/baseline.yaml"), pods: seven, now: 0 });
  assert.deepEqual(verdicts(answer), [
    ["Pod shop/postgres-0", "changed", true],
    ["Pod kube-system/csi-node-x7k2p", "rejected", true],
    ["Pod default/node-debug", "rejected", true],
    ["Pod logging/log-collector-q9d4m", "changed", true],
    ["Pod storage/nfs-provisioner", "rejected", true],
    ["Pod default/nginx", "changed", true],
    ["Pod shop/web-app", "allowed", true],
  ]);
});

test("both halves of a pair are asked, and the second sees what the first fills in", async () => {
  const psp = await read("examples/psp/restricted.yaml");
  const { manifests } = functions.call("migrate", { text: psp });
  const pods = "{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: c}]}}";
  const answer = judge(functions, policy, { policies: manifests, pods, now: 0 });
  assert.deepEqual(verdicts(answer), [["Pod default/web", "changed", true]]);
  assert.deepEqual(answer.objects[0].answers.map(({ accepted, changed }) => [accepted, changed]), [[true, true], [true, false]]);
});

test("what stays gets the same answer again, and other policies another one", async () => {
  const baseline = await read("examples/baseline.yaml");
  const ask = (policies, pods) => judge(functions, policy, { policies, pods, now: 0 });
  const first = ask(baseline, seven);
  assert.deepEqual(ask(baseline, seven), first);
  const changed = ask(baseline, seven.replace("hostPID: true", "hostPID: false"));
  assert.deepEqual(changed.objects.filter((_, nth) => nth !== 2), first.objects.filter((_, nth) => nth !== 2));
  assert.notDeepEqual(changed.objects[2].answers, first.objects[2].answers);
  const restricted = verdicts(ask("podSecurityStandards: {enforce: restricted}", seven));
  assert.deepEqual(restricted.map(([, verdict, agrees]) => [verdict, agrees]), [
    ...Array(6).fill(["rejected", true]),
    ["allowed", true],
  ]);
});

test("a workload gets the verdict of its pods", async () => {
  const psp = await read("examples/psp/restricted.yaml");
  const pods = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {template: {spec: {hostPID: true, containers: [{name: c}]}}}}`;
  const answer = judge(functions, policy, { policies: psp, pods, now: 0 });
  assert.deepEqual(verdicts(answer), [["Deployment default/web", "rejected", true]]);
  assert.deepEqual(answer.objects[0].answers.map(({ template, accepted }) => [template, accepted]), [
    [null, false],
    ["spec.template", false],
  ]);
});

test("roles among the policies answer the module who may use which", async () => {
  const roles = `
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: r, namespace: shop}, rules: [{apiGroups: [policy], resources: [podsecuritypolicies], verbs: [use], resourceNames: [restricted]}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: r, namespace: shop}, roleRef: {kind: Role, name: r}, subjects: [{kind: ServiceAccount, name: web, namespace: shop}]}
`;
  const policies = (await read("examples/psp/restricted.yaml")) + roles;
  const pod = (account) =>
    `{apiVersion: v1, kind: Pod, metadata: {name: ${account}, namespace: shop}, spec: {serviceAccountName: ${account}, containers: [{name: c}]}}`;
  const answer = judge(functions, policy, { policies, pods: `${pod("web")}\n---\n${pod("job")}`, now: 0 });
  assert.deepEqual(verdicts(answer), [
    ["Pod shop/web", "changed", true],
    ["Pod shop/job", "rejected", true],
  ]);
});

test("a call leaves nothing behind: the next one starts with the same memory", async () => {
  const texts = { policies: await read("examples/psp/restricted.yaml"), pods: seven, now: 0 };
  const sizes = Array.from({ length: 5 }, () => functions.call("check", texts) && functions.pages);
  assert.equal(new Set(sizes).size, 1, `${sizes}`);
});
