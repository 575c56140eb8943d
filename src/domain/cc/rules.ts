/** Texts of broken rules (connectycube 2.6). */
export const RULES = {
  blank: "can't be blank",
  invalid: 'is invalid',
  taken: 'has already been taken',
  tooShort: (least: number): string => `is too short (minimum is ${least} characters)`,
  tooLong: (most: number): string => `is too long (maximum is ${most} characters)`,
} as const
