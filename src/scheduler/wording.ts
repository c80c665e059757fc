/** `1 member stays`, `2 members stay`: a count of members with the verb in its number. */
export const countMembers = (count: number, verb: { readonly one: string; readonly more: string }): string =>
  count === 1 ? `1 member ${verb.one}` : `${count} members ${verb.more}`;
