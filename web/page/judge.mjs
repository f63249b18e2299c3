// Verdicts: the library reads the texts and prepares the requests, the policy module answers them.

import { Policy } from "./policy.mjs";

/** The annotation with the name of the policy that admitted a pod, which does not count as a change. */
const ADMITTED_BY = "kubernetes.io/psp";

/** The module's answers to the last texts: who types changes one pod, and the others' answers stay. */
const last = { policies: undefined, now: undefined, answers: new Map() };

/** Forgets answers that may be others now: policies say who may use which, and exemptions end. */
function remembered({ policies, now }) {
  if (last.policies !== policies || last.now !== now) {
    Object.assign(last, { policies, now, answers: new Map() });
  }
  return last.answers;
}

/**
 * Judges all pods of a text by the policies of another.
 * @param {import("./functions.mjs").Functions} functions
 * @param {WebAssembly.Module} module the policy module
 * @param {{policies: string, pods: string, now: number}} texts
 */
export function judge(functions, module, texts) {
  const checks = functions.call("check", texts);
  const [earlier, answers] = [remembered(texts), new Map()];
  const known = new Map();
  const mayUse = ({ user, groups, resource_attributes: { group, name, namespace } }) => {
    const question = { user, groups: groups ?? [], group, policy: name, namespace };
    const key = JSON.stringify(question);
    if (!known.has(key)) {
      known.set(key, functions.call("mayUse", { policies: texts.policies, ...question }).allowed);
    }
    return known.get(key);
  };
  let policy;
  // An instance that has failed is not used again.
  const call = (operation, payload) => {
    try {
      policy ??= new Policy(module, mayUse);
      return policy.call(operation, payload);
    } catch (error) {
      policy = undefined;
      return JSON.stringify({ accepted: false, message: error.message });
    }
  };
  for (const registration of checks.registrations.filter((one) => one.settings)) {
    registration.validity = JSON.parse(call("validate_settings", registration.settings));
  }
  for (const object of checks.objects) {
    object.agrees = true;
    object.answers = object.reviews.map(({ registration, request, response, template }) => {
      const { name, settings } = checks.registrations[registration];
      const payload = `{"request":${request},"settings":${settings}}`;
      const { text, answer, changed } = earlier.get(payload) ?? answered(call("validate", payload), request);
      answers.set(payload, { text, answer, changed });
      object.agrees &&= text === response;
      return { registration: name, template, ...answer, changed };
    });
    object.verdict = verdict(object.answers);
    object.agrees &&= object.verdict === object.judged.verdict;
    for (const review of object.reviews) {
      delete review.request;
      delete review.response;
    }
  }
  last.answers = answers;
  return checks;
}

function answered(text, request) {
  const answer = JSON.parse(text);
  return { text, answer, changed: isChanged(request, answer) };
}

function verdict(answers) {
  if (answers.some((answer) => !answer.accepted)) {
    return "rejected";
  }
  return answers.some((answer) => answer.changed) ? "changed" : "allowed";
}

/** Whether an answer changes more than the annotation. */
function isChanged(request, answer) {
  if (!answer.mutated_object) {
    return false;
  }
  const before = JSON.parse(request).object;
  return JSON.stringify(plain(before)) !== JSON.stringify(plain(answer.mutated_object));
}

function plain(object) {
  const annotations = { ...object.metadata?.annotations };
  delete annotations[ADMITTED_BY];
  const metadata = { ...object.metadata, annotations };
  return sorted({ ...object, metadata });
}

function sorted(value) {
  if (Array.isArray(value)) {
    return value.map(sorted);
  }
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
  }
  return value;
}
