// The settings form as data: Rancher's questions, and values that they are about.

/** The value at a dotted variable; the annotations' keys have dots, but are no variables. */
export function get(values, variable) {
  return variable.split(".").reduce((value, key) => value?.[key], values);
}

/** Sets the value at a dotted variable, or removes it, with objects that are then empty. */
export function set(values, variable, value) {
  const [key, ...rest] = variable.split(".");
  const next = rest.length > 0 ? set({ ...values[key] }, rest.join("."), value) : value;
  const others = { ...values };
  if (isEmpty(next)) {
    delete others[key];
    return others;
  }
  return { ...others, [key]: next };
}

function isEmpty(value) {
  return value === undefined || value === "" || (isObject(value) && Object.keys(value).length === 0);
}

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

/** Whether a question is asked: `runAsUser.rule=MustRunAs||runAsUser.rule=MayRunAs` */
export function isShown({ show_if: condition }, values) {
  return (condition ?? "").split("||").some((one) => {
    const [variable, wanted] = one.split("=");
    return variable === "" || String(get(values, variable) ?? "") === wanted;
  });
}

/** A list as text, one entry a line, and back. */
export const listText = (list) => (Array.isArray(list) ? list.join("\n") : "");
export const textList = (text) => lines(text);

/** A map as text, `key: value` a line, and back. */
export const mapText = (map) => (isObject(map) ? Object.entries(map).map(([key, value]) => `${key}: ${value}`).join("\n") : "");
export const textMap = (text) =>
  Object.fromEntries(
    lines(text).map((line) => {
      const at = line.indexOf(": ");
      return at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at + 2).trim()];
    }),
  );

const lines = (text) => text.split("\n").map((line) => line.trim()).filter((line) => line !== "");

/** The settings that an object is: a PodSecurityPolicy becomes the settings of one policy. */
export function settingsOf(object) {
  if (object.kind !== "PodSecurityPolicy") {
    const { spec, ...options } = object;
    return { ...spec, ...options };
  }
  const annotations = Object.entries(object.metadata?.annotations ?? {}).filter(([key]) =>
    /^(seccomp\.security\.alpha|apparmor\.security\.beta)\.kubernetes\.io\//.test(key),
  );
  return { ...object.spec, ...(annotations.length > 0 && { annotations: Object.fromEntries(annotations) }) };
}
