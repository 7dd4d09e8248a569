// Generated from the rows of chatcfg by go test ./widget -run SettingsType -update. Not to be edited.

/** The settings that visitors may see. */
export interface Settings {
  company: boolean
  contact?: {
    description: string
    error: string
    success: string
    title: string
  }
  entry: {
    anonymous: boolean
    email: boolean
    phone: boolean
    rut: boolean
  }
  headerMessage: string
  identificationMessage: string
  longButton?: string
  name: string
  notification: {
    count: number
    reply: boolean
  }
  openOnLoad?: {
    delaySeconds: number
    devices: 'all' | 'desktop' | 'mobile'
  }
  position: 'right' | 'left'
  primaryColor: string
  rating?: {
    comment: boolean
    question: string
    scale: 'stars' | 'thumbs'
    thanks: string
  }
  sound: boolean
  textColor: string
  visitorEnds: boolean
  welcome?: {
    author: string
    delaySeconds: number
    devices: 'all' | 'desktop' | 'mobile'
    existing: boolean
    repeatMinutes: number
    text: string
  }
}
