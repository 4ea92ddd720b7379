/** Why content may be given to someone, and whether 34 CFR 99.32 asks for it in the record of a person. */
export interface Basis {
  readonly listed: boolean
  readonly meaning: string
}

/**
 * The closed list. `listed` is false where 99.32(d) exempts a disclosure from the record; it is kept either way.
 * `unstated`, the default, counts as listed: no exemption is assumed for someone who has not claimed it.
 */
export const bases = {
  unstated: { listed: true, meaning: 'no basis was stated; counts as one that must be listed' },
  subject: { listed: false, meaning: 'to the person or the parents: 34 CFR 99.10, 99.31(a)(8), (12)' },
  official: { listed: false, meaning: 'to an official with a legitimate interest: 34 CFR 99.31(a)(1)' },
  consent: { listed: false, meaning: 'with written consent: 34 CFR 99.30' },
  directory: { listed: false, meaning: 'directory information alone: 34 CFR 99.31(a)(11), 99.37' },
  'sealed-subpoena': { listed: false, meaning: 'a subpoena that forbids notice: 34 CFR 99.31(a)(9)(ii)(A) to (C)' },
  court: { listed: true, meaning: 'another court order or subpoena: 34 CFR 99.31(a)(9)' },
  transfer: { listed: true, meaning: 'to an institution where the person enrols: 34 CFR 99.31(a)(2), 99.34' },
  audit: { listed: true, meaning: 'audit or evaluation by authorities: 34 CFR 99.31(a)(3), 99.35' },
  'financial-aid': { listed: true, meaning: 'financial aid: 34 CFR 99.31(a)(4)' },
  'juvenile-justice': { listed: true, meaning: 'juvenile justice: 34 CFR 99.31(a)(5), 99.38' },
  studies: { listed: true, meaning: 'studies for the institution: 34 CFR 99.31(a)(6)' },
  accreditation: { listed: true, meaning: 'accrediting organizations: 34 CFR 99.31(a)(7)' },
  emergency: { listed: true, meaning: 'health or safety; the purpose names the threat: 34 CFR 99.31(a)(10), 99.36' },
  'gdpr-access': { listed: true, meaning: 'to the person whom it concerns: GDPR articles 15 and 20' },
  'gdpr-authority': { listed: true, meaning: 'to a supervisory authority: GDPR articles 31 and 58' },
  'legal-obligation': { listed: true, meaning: 'another legal obligation: GDPR article 6(1)(c)' }
} as const satisfies Readonly<Record<string, Basis>>

export type BasisName = keyof typeof bases
export const basisNames = Object.keys(bases) as readonly BasisName[]
