// In the documentation: settings open in the page, and links to files outside of it lead to the repository.

"use strict";

/** Keys with which settings start a line; the objects that hold settings have a kind. */
const SETTINGS =
  /^(kind: (PodSecurityPolicy|ClusterAdmissionPolicy|AdmissionPolicy)|(policies|spec|podSecurityStandards|privileged|hostPID|volumes|exemptions|enforcement):)/m;

/** Whether a block of YAML is something that the page judges by. */
const isSettings = (text) => SETTINGS.test(text) && !/^(on|jobs|repos|rules|image|tests):/m.test(text);

/** The address of the page with these policies. */
async function addressOf(policies) {
  const stream = new Blob([JSON.stringify({ policies })]).stream();
  const bytes = new Uint8Array(await new Response(stream.pipeThrough(new CompressionStream("deflate-raw"))).arrayBuffer());
  const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  return `../index.html#try/${text.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "")}`;
}

async function addLinks() {
  for (const code of document.querySelectorAll("code.language-yaml")) {
    if (isSettings(code.textContent)) {
      const link = document.createElement("a");
      link.href = await addressOf(code.textContent);
      link.textContent = "Try these settings in the page";
      code.closest("pre").after(link);
    }
  }
  const repository = "https://github.com/pod-security-policy/pod-security-policy/blob/main/";
  for (const link of document.querySelectorAll("main a[href^='../']")) {
    if (!link.getAttribute("href").startsWith("../index.html")) {
      link.href = repository + link.getAttribute("href").slice("../".length).replace(/\.html(?=$|#)/, ".md");
    }
  }
}

if (typeof document !== "undefined") {
  addLinks();
}
