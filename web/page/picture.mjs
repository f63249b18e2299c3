// Which policy wins, and why: the policies in the order in which they are tried.

import { count, element } from "./elements.mjs";

const OUTCOMES = {
  admits: () => "admits it unchanged",
  "fills-in": ({ defaults }) => `admits it after filling in ${count(defaults.length, "field")}`,
  rejects: ({ denials }) => `rejects it: ${count(denials, "violation")}`,
  "not-granted": () => "may not be used for it",
};

/** Why the winner wins; `undefined` if none does. */
export function reason({ winner, candidates }) {
  const won = candidates.find((candidate) => candidate.policy === winner);
  if (!won) {
    return candidates.length > 0 ? "No policy admits the pod." : undefined;
  }
  if (candidates.length === 1) {
    return `${winner} ${OUTCOMES[won.outcome](won)}.`;
  }
  return won.outcome === "admits"
    ? `${winner} wins: in the order of names it is the first that admits the pod unchanged.`
    : `${winner} wins: no policy admits the pod unchanged, and it is the first that admits it after filling in.`;
}

/** The picture of one review. */
export function picture(review) {
  const step = (candidate) => {
    const isWinner = candidate.policy === review.winner;
    const details = candidate.violation ?? candidate.defaults.join(", ");
    return element(
      `li.candidate.${candidate.outcome}${isWinner ? ".winner" : ""}`,
      {},
      element("strong", {}, candidate.policy, isWinner && element("span.crown", {}, " wins")),
      element("span", {}, OUTCOMES[candidate.outcome](candidate)),
      details && element("small", {}, details),
    );
  };
  return element(
    "div.picture",
    {},
    review.template && element("h5", {}, `The pod of ${review.template}`),
    element("p", {}, reason(review)),
    element("ol", {}, review.candidates.map(step)),
  );
}
