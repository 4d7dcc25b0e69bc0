"""English word lists of the geoparser: they separate names of places from other words."""

from __future__ import annotations

from typing import Final

__all__ = [
    "ABBREVIATIONS",
    "ACRONYMS",
    "AMBIGUOUS_COUNTRIES",
    "COMMON",
    "DEMONYMS",
    "DIRECTIONS",
    "FEATURES_AFTER",
    "FEATURES_BEFORE",
    "MEDIA",
    "NAMESAKES",
    "NEIGHBOURING",
    "ORGANISATIONS",
    "PARTICLES",
    "PREPOSITIONS",
    "SCHOOLS",
    "SETTLEMENTS",
    "SPEECH",
    "STREETS",
    "THINGS",
    "TITLES",
    "UNITS_AFTER",
    "UNKNOWN_UNITS",
]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PREPOSITIONS: Final = _words(
    "in at near from to outside around towards toward into across throughout between inside "
    "within via reaching visiting leaving entering northern southern eastern western central "
    "downtown nearby neighbouring neighboring neighbor neighbour region city town village "
    "province district state county capital north south east west port suburb suburbs"
)
"""Words after which a capitalised name is likely a place."""

PARTICLES: Final = _words(
    "de del la las los el al of the and do da dos das du des le les di upon on sur sous am im "
    "an der den von van zu bin ben y e i ye ul u a en au aux es op lez bij aan"
)
"""Words in lower case that may be inside a place name."""

TITLES: Final = _words(
    "mr mrs ms miss dr prof professor sir lord lady president minister premier chancellor "
    "senator governor mayor general gen colonel col captain capt major lieutenant lt sergeant "
    "sgt corporal admiral judge justice king queen prince princess pope archbishop bishop "
    "father rabbi imam sheikh sheik mullah ayatollah secretary ambassador director chairman "
    "superintendent analyst chairwoman chief spokesman spokeswoman spokesperson commissioner "
    "detective officer inspector doctor sister brother author actor actress singer coach saint "
    "rep representative congressman congresswoman sen gov deputy vice"
)
"""Words before a person's name."""

NAMESAKES: Final = _words("jordan chad georgia israel kenya virginia carolina victoria")
"""Countries and regions that are also given names: "Jordan Miller" is not a country."""

NEIGHBOURING: Final = _words("neighbouring neighboring neighbour neighbor")
"""Words after which a name most likely means a country."""

SPEECH: Final = _words("said says told added explained stated commented who whose whom")
"""Words after a person's or an organisation's name."""

ORGANISATIONS: Final = _words(
    "university college institute hospital school company corporation corp inc ltd group bank "
    "agency association federation council committee commission party times post herald tribune "
    "news journal globe daily press airlines airways air radio television tv broadcasting "
    "street road avenue act law virus flu fever swannery clinic laboratory laboratories center "
    "centre foundation society museum schools cartel postal congress stadium police department "
    "ministry church court army force forces navy guard club united union league team cup award "
    "prize disease syndrome"
)
"""Words after a name that make it an organisation, a street or a thing."""

MEDIA: Final = _words(
    "times post herald tribune news journal globe daily press star sun mirror gazette chronicle "
    "telegraph observer courier examiner inquirer mail express standard broadcasting radio"
)
"""Words after a name that make it a newspaper or a broadcaster."""

STREETS: Final = _words("street road avenue boulevard highway lane drive square plaza bridge")
"""Words after a name that make it the name of a street."""

SCHOOLS: Final = _words("university college institute hospital school zoo observatory")
"""Words before "of" or after a name that make it the name of an institution."""

THINGS: Final = _words("virus flu fever disease syndrome encephalitis influenza strain")
"""Words in lower case after a name that make it the name of a thing."""

UNITS_AFTER: Final = _words(
    "province prefecture state governorate county district oblast region parish municipality "
    "raion krai borough canton wilayat regency"
)
"""Words that make the name before them an administrative unit."""

UNKNOWN_UNITS: Final = _words(
    "province prefecture governorate county district oblast parish municipality raion krai "
    "canton regency"
)
"""Units that are places even if they are in no list."""

SETTLEMENTS: Final = _words(
    "village town city district province county state island suburb neighbourhood neighborhood "
    "slum hamlet commune municipality settlement township governorate region villages towns "
    "cities districts provinces counties islands camp"
)
"""Words that, in lower case next to a name in no list, show that it is a place."""

FEATURES_AFTER: Final = _words(
    "valley lake river island islands bay mountains mountain hills sea ocean desert canal delta "
    "peninsula strait gulf coast basin plateau forest falls creek dam airport beach harbour "
    "harbor"
)
"""Words that make the name before them a natural or built feature."""

FEATURES_BEFORE: Final = _words("lake mount mt fort ft camp gulf cape river isle loch mont rio bay")
"""Words that make the name after them a feature."""

DIRECTIONS: Final = _words(
    "north south east west northern southern eastern western central centre center middle upper "
    "lower greater northeast northwest southeast southwest north-east north-west new old inner "
    "outer far mid"
)
"""Words that say which part of a place."""

ABBREVIATIONS: Final = _words("st ste mt ft sta sto pt")
"""Abbreviations whose full stop does not end a sentence."""

ACRONYMS: Final = {
    "us": "United States", "usa": "United States", "u.s.": "United States",
    "u.s.a.": "United States", "uk": "United Kingdom", "u.k.": "United Kingdom",
    "uae": "United Arab Emirates", "u.a.e.": "United Arab Emirates",
    "drc": "Democratic Republic of the Congo", "dr congo": "Democratic Republic of the Congo",
    "d.r.c.": "Democratic Republic of the Congo", "prc": "China", "dprk": "North Korea",
    "rok": "South Korea", "nyc": "New York City", "n.y.c.": "New York City",
    "nsw": "New South Wales", "png": "Papua New Guinea", "car": "Central African Republic",
    "ussr": "Soviet Union",
}  # fmt: skip
"""Acronyms that stand for a country, region or city; other capitals are not places."""

COMMON: Final = _words(
    """
    january february march april may june july august september october november december monday
    tuesday wednesday thursday friday saturday sunday spring summer autumn fall winter today
    yesterday tomorrow morning noon evening night week weekend month year decade century a an
    the this that these those it its he she they we you i me him her them us our your their his
    hers mine who what when where why how which whose if then else and or but nor so yet for of
    in on at to from by with without as is are was were be been being am do does did done have
    has had having will would shall should can could might must not no yes all any both each few
    more most other some such only own same than too very just also about above after again
    against before below between down during further here there once over out through under
    until up while one two three four five six seven eight nine ten eleven twelve hundred
    thousand million billion first second third last next new old young big small long short
    high low early late great good bad best better well many much several various another every
    either neither although though because since unless whereas however therefore meanwhile
    moreover furthermore according despite following including among within across along around
    toward towards upon let make made see seen say said go going gone come came get got give
    given take taken put read reading know known think thought want need find found tell told
    ask asked work working call called try trying leave left keep kept begin began start started
    show shown hear heard play run move moved live lived believe hold held bring brought happen
    write written provide sit stand lose lost pay meet include continue set learn change lead
    understand watch follow stop create speak allow add spend grow open walk win offer remember
    consider appear buy wait serve die send expect build stay cut reach kill remain suggest
    raise pass sell require report people man woman men women child children boy girl family
    father mother son daughter friend person group team party member leader president minister
    government state country nation world city town village place area region part side home
    house school college university hospital church court police army navy air force war peace
    law act bill rights human public private national international federal local general
    special central north south east west northern southern eastern western health medical
    medicine doctor nurse patient disease virus flu fever influenza ebola malaria cholera
    measles plague anthrax polio swine bird avian pandemic epidemic outbreak vaccine vaccination
    drug food water milk meat beef pork chicken poultry turkey duck goose egg fish animal pig
    cow horse dog cat farm farmer market business company bank money dollar pound euro trade
    price cost tax economy industry oil gas power energy fire earth sun moon sea sky wind rain
    snow storm ice stone rock sand gold silver iron steel wood tree forest river lake mountain
    hill valley island bay beach coast field park garden road street bridge station airport port
    ship boat train bus car truck plane gate door window room wall floor roof head face hand eye
    heart blood body brain bone skin mouth foot arm leg back voice word name book paper letter
    page story news press post times journal study research science scientist professor student
    teacher class test case number line point level rate data information system program project
    plan policy service office center centre department ministry agency organization
    organisation committee council commission association institute foundation society union
    league club federation assembly congress parliament senate board chief director manager
    officer official spokesman secretary major captain colonel judge justice king queen prince
    princess lord lady sir pope saint bishop sister brother black white red green blue yellow
    brown grey gray orange pink purple dark light bright hope love faith grace joy victory
    liberty freedom independence unity progress superintendent weather channel mad inc ltd corp
    plc bell hall taco zoo miss media interior lakes highlands plateau littoral los mass wash
    ore ark ill ind cal nice mobile male split bath deal sandwich battle homeland mission dan
    hull ware barking rugby lancaster derby normal boring accident intercourse hell paradise
    eden eureka image images photo file video web internet online site television radio film
    movie music art game games sport sports football soccer cup olympic olympics championship
    title award christmas easter ramadan eid god jesus christ allah bible koran quran islam
    islamic muslim christian catholic jewish hindu buddhist protestant orthodox universal global
    worldwide continental regional municipal provincial rural urban republican republicans
    democrat democrats democratic conservative liberal labour labor crisis emergency disaster
    relief aid rescue security safety defense defence attack bomb bombing terror terrorism
    terrorist taliban qaeda isis gang cartel rebel rebels militia soldier soldiers troops weapon
    weapons gun missile rocket nuclear chemical tribunal prison jail tamiflu relenza roche glaxo
    pfizer novartis
    """
)
"""Words of everyday English: alone, even capitalised, they are not places."""

DEMONYMS: Final = _words(
    """
    afghan albanian algerian american andorran angolan argentine argentinian armenian asian
    african australian austrian azerbaijani azeri bahraini bangladeshi basque belarusian belgian
    beninese bhutanese bolivian bosnian brazilian british briton bulgarian burmese burundian
    cambodian cameroonian canadian catalan chadian chechen chilean chinese colombian congolese
    croatian cuban cypriot czech dane danish dutch ecuadorian egyptian english eritrean estonian
    ethiopian european fijian filipino finn finnish french gabonese gambian georgian german
    ghanaian greek guatemalan guinean guyanese haitian hawaiian honduran hungarian icelandic
    indian indonesian iranian iraqi irish israeli italian ivorian jamaican japanese jordanian
    kazakh kenyan korean kosovar kurdish kuwaiti kyrgyz lao laotian latvian lebanese liberian
    libyan lithuanian luxembourgish macedonian malagasy malawian malaysian malian maltese
    mauritanian mexican moldovan mongolian montenegrin moroccan mozambican namibian nepalese
    nepali nicaraguan nigerian nigerien norwegian omani pakistani palestinian panamanian
    paraguayan pashtun persian peruvian philippine polish pole portuguese qatari romanian
    russian rwandan salvadoran saudi scot scottish senegalese serb serbian sierra leonean
    singaporean slovak slovakian slovene slovenian somali spaniard spanish sri lankan sudanese
    surinamese swede swedish swiss syrian taiwanese tajik tanzanian texan thai tibetan togolese
    tunisian turk turkish turkmen ugandan ukrainian uruguayan uzbek venezuelan vietnamese welsh
    yemeni zambian zimbabwean arab arabian arabic hispanic latino nordic slavic
    """
)
"""Words for people and things of a country: they refer to it, but not as a place."""

AMBIGUOUS_COUNTRIES: Final = {
    "congo": ("COD", "COG"), "korea": ("KOR", "PRK"), "guinea": ("GIN", "GNB", "GNQ"),
    "thecongo": ("COD", "COG"),
}  # fmt: skip
"""Names of more than one country, the most common meaning first."""
